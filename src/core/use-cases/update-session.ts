import { invalidRequest, sessionEnded } from '../errors';
import { type JsonObject, setKey } from '../struct/json';
import { checkLanguage } from '../validation/language';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import { type Session, type SessionChange, SESSION_STATUSES, type SessionStatus } from '../session';
import type { SessionStore } from '../store';
import { checkStruct } from '../validation/check-struct';
import type { StructBytes } from '../struct/struct-bytes';
import { checkId, truncateText } from '../validation/text';
import { Violations } from '../validation/violations';

export interface UpdateSessionRequest {
  readonly sessionId: string;
  /** Undefined: not given. */
  readonly status: string | undefined;
  /** Empty: not given. */
  readonly language: string;
  /** Undefined: not given. */
  readonly metadata: StructBytes | JsonObject | undefined;
  /** Paths `status`, `language`, `metadata` and `metadata.KEY`; empty: all fields that are given. */
  readonly updateMask: readonly string[];
}

const FIELDS = ['status', 'language', 'metadata'] as const;
const KEY_PREFIX = 'metadata.';

/** Bytes of a path that a violation quotes. */
const MAX_PATH_BYTES = 300;

/** A checked update. Undefined fields stay as they are. */
interface Update {
  readonly status: SessionStatus | undefined;
  readonly language: string | undefined;
  readonly metadata: StructBytes | undefined;
  /** Top-level metadata keys to set, with their values. */
  readonly keys: JsonObject;
}

/** Changes the fields that the mask names, atomically. */
export async function updateSession(
  sessions: SessionStore,
  request: UpdateSessionRequest,
  context: RequestContext,
): Promise<Session> {
  const violations = new Violations();
  checkId(violations, 'session.session_id', request.sessionId);
  const update = checkUpdate(violations, request);
  violations.throwIfAny();
  return sessions.update(request.sessionId, (session) => apply(update, session), context);
}

function checkUpdate(violations: Violations, request: UpdateSessionRequest): Update {
  const { status, language, updateMask } = request;
  const metadata = checkStruct(violations, 'session.metadata', request.metadata, LIMITS.metadataBytes);
  const isGiven = {
    status: status !== undefined,
    language: language !== '',
    metadata: request.metadata !== undefined,
  };
  const paths = updateMask.length > 0 ? [...new Set(updateMask)] : FIELDS.filter((field) => isGiven[field]);
  // What an invalid value contains is not known.
  const givenKeys = violations.has('session.metadata') ? undefined : metadata.toJson();
  const keys: JsonObject = {};
  const named = new Set<string>();
  for (const path of paths) {
    const key = path.startsWith(KEY_PREFIX) ? path.slice(KEY_PREFIX.length) : undefined;
    if (key !== undefined) copyKey(violations, givenKeys, keys, key);
    else if (FIELDS.some((field) => field === path)) named.add(path);
    else
      violations.add(
        'update_mask',
        `must name status, language, metadata or metadata.KEY; got ${truncateText(path, MAX_PATH_BYTES)}`,
      );
  }
  const known = SESSION_STATUSES.find((candidate) => candidate === status);
  if (named.has('status') && known === undefined)
    violations.add('session.status', 'must be active or the current status');
  if (named.has('language')) checkLanguage(violations, 'session.language', language);
  return {
    status: named.has('status') ? known : undefined,
    language: named.has('language') ? language : undefined,
    metadata: named.has('metadata') ? metadata : undefined,
    keys,
  };
}

/** @param from undefined: not known */
function copyKey(violations: Violations, from: JsonObject | undefined, to: JsonObject, key: string): void {
  if (from === undefined) return;
  if (Object.hasOwn(from, key)) setKey(to, key, from[key]);
  else
    violations.add(
      'update_mask',
      `names metadata.${truncateText(key, MAX_PATH_BYTES)}, which is not in session.metadata: set its value there, or replace all of metadata to remove it`,
    );
}

function apply({ status, language, metadata, keys }: Update, session: Session): SessionChange {
  if (status !== undefined) checkTransition(status, session);
  return {
    status: status ?? session.status,
    language: language ?? session.language,
    metadata: withKeys(metadata ?? session.metadata, keys),
  };
}

function checkTransition(requested: SessionStatus, { sessionId, status, endedAt }: Session): void {
  if (requested === status) return;
  if (endedAt !== undefined) throw sessionEnded(sessionId, status);
  if (status !== 'initiated' || requested !== 'active') {
    const description = `must be active or ${status}, the current status; use CompleteSession to end a session`;
    throw invalidRequest([{ field: 'session.status', description }]);
  }
}

function withKeys(metadata: StructBytes, keys: JsonObject): StructBytes {
  const names = Object.keys(keys);
  if (names.length === 0) return metadata;
  const object = metadata.toJson();
  for (const name of names) setKey(object, name, keys[name]);
  const violations = new Violations();
  const changed = checkStruct(violations, 'session.metadata', object, LIMITS.metadataBytes);
  violations.throwIfAny();
  return changed;
}
