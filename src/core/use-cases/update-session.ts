import { invalidRequest, sessionEnded } from '../errors';
import { type JsonObject, setKey } from '../struct/json';
import { checkLanguage } from '../validation/language';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import { type Session, type SessionChange, SESSION_STATUSES, type SessionStatus } from '../session';
import type { SessionRepository } from '../store';
import { checkStruct } from '../validation/check-struct';
import type { StructBytes } from '../struct/struct-bytes';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface UpdateSessionRequest {
  readonly sessionId: string;
  /** Undefined: not said. */
  readonly status: string | undefined;
  /** Empty: not said. */
  readonly language: string;
  /** Undefined: not said. */
  readonly metadata: StructBytes | JsonObject | undefined;
  /** `status`, `language`, `metadata` and `metadata.KEY`; empty: what is said. */
  readonly updateMask: readonly string[];
}

const FIELDS = ['status', 'language', 'metadata'] as const;
const KEY_PREFIX = 'metadata.';

/** What an update asks for, checked. */
interface Update {
  readonly status: SessionStatus | undefined;
  readonly language: string | undefined;
  readonly metadata: StructBytes | undefined;
  /** Top-level keys of the metadata that are set. */
  readonly keys: JsonObject;
}

/** Changes what the mask names: all of it, or nothing. */
export async function updateSession(
  repository: SessionRepository,
  request: UpdateSessionRequest,
  context: RequestContext,
): Promise<Session> {
  const violations = new Violations();
  checkId(violations, 'session.session_id', request.sessionId);
  const update = checkUpdate(violations, request);
  violations.throwIfAny();
  return repository.updateSession(request.sessionId, (session) => apply(update, session), context);
}

function checkUpdate(violations: Violations, request: UpdateSessionRequest): Update {
  const { status, language, updateMask } = request;
  const metadata = checkStruct(violations, 'session.metadata', request.metadata, LIMITS.metadataBytes);
  const said = {
    status: status !== undefined,
    language: language !== '',
    metadata: request.metadata !== undefined,
  };
  const paths = updateMask.length > 0 ? [...new Set(updateMask)] : FIELDS.filter((field) => said[field]);
  const given = metadata.toJson();
  const keys: JsonObject = {};
  const named = new Set<string>();
  for (const path of paths) {
    const key = path.startsWith(KEY_PREFIX) ? path.slice(KEY_PREFIX.length) : undefined;
    if (key !== undefined) setGivenKey(violations, keys, given, key);
    else if (FIELDS.some((field) => field === path)) named.add(path);
    else
      violations.add(
        'update_mask',
        `must name status, language, metadata or metadata.KEY, and names ${path}`,
      );
  }
  const known = SESSION_STATUSES.find((one) => one === status);
  if (named.has('status') && known === undefined)
    violations.add('session.status', 'must be active, or the status that the session has');
  if (named.has('language')) checkLanguage(violations, 'session.language', language);
  return {
    status: named.has('status') ? known : undefined,
    language: named.has('language') ? language : undefined,
    metadata: named.has('metadata') ? metadata : undefined,
    keys,
  };
}

function setGivenKey(violations: Violations, keys: JsonObject, given: JsonObject, key: string): void {
  if (Object.hasOwn(given, key)) setKey(keys, key, given[key]);
  else
    violations.add(
      'update_mask',
      `names metadata.${key}, which session.metadata lacks: give its value, or remove it by writing metadata as a whole`,
    );
}

function apply({ status, language, metadata, keys }: Update, session: Session): SessionChange {
  if (status !== undefined) checkStatus(status, session);
  return {
    status: status ?? session.status,
    language: language ?? session.language,
    metadata: withKeys(metadata ?? session.metadata, keys),
  };
}

function checkStatus(wanted: SessionStatus, { sessionId, status, endedAt }: Session): void {
  if (wanted === status) return;
  if (endedAt !== undefined) throw sessionEnded(sessionId, status);
  if (status !== 'initiated' || wanted !== 'active') {
    const description = `must be active, or ${status}, which it is: a session is ended through CompleteSession`;
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
