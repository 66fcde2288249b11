import { sessionDeleted } from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import {
  lastActivityOf,
  type NewSession,
  type Session,
  type SessionChange,
  type SessionEnd,
  sessionsSize,
} from '../../core/session';
import type { CompletedSession, CreatedSession, SessionQuery, SessionStore } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import type { WatchRegistry } from '../../core/watch-registry';
import { notBefore } from './clock';
import type { DiskSpace } from './disk-space';
import type { EventCleanup } from './event-cleanup';
import type { StoredSession } from './tables/records';
import { newRowId } from './tables/row-id';
import type { Tables } from './tables/tables';
import type { Transactions } from './transactions';
import type { Turns } from './turns';

/** What one slice of a list reads at most, apart from its last session. It takes a few milliseconds, in which nothing else runs. */
const SLICE_SESSIONS = 20;
const SLICE_BYTES = 512 * 1024;

export class EmbeddedSessionStore implements SessionStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly tables: Tables,
    private readonly disk: DiskSpace,
    private readonly cleanup: EventCleanup,
    private readonly watches: WatchRegistry,
    private readonly observer: StoreObserver,
    private readonly turns: Turns,
  ) {}

  create(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    const { tables, disk } = this;
    return this.transactions.write(() => {
      const { sessionId } = session;
      const found = tables.sessions.find(sessionId);
      if (found !== undefined) return { session: tables.withLogHead(found), created: false };
      if (tables.sessions.isDeleted(sessionId)) throw sessionDeleted(sessionId);
      disk.throwIfFull();
      const now = new Date();
      const initial = { rowId: newRowId(), startedAt: now, changedAt: now, revision: 1 };
      const stored = { ...session, ...initial, endedAt: undefined, endReason: '' };
      tables.sessions.put(stored, undefined);
      return { session: tables.withLogHead(stored), created: true };
    }, context);
  }

  async complete(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    const { tables, disk } = this;
    const completed = await this.transactions.write(() => {
      const stored = tables.getSession(sessionId);
      const session = tables.withLogHead(stored);
      if (session.endedAt !== undefined) return { session, alreadyCompleted: true };
      disk.throwIfFull();
      const change = { ...end, endedAt: notBefore(lastActivityOf(session)), ...changeOf(stored) };
      tables.sessions.put({ ...stored, ...change }, stored);
      return { session: { ...session, ...change }, alreadyCompleted: false };
    }, context);
    this.watches.notify(sessionId, 0);
    return completed;
  }

  async update(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    const { tables, disk } = this;
    const updated = await this.transactions.write(() => {
      const session = tables.getSession(sessionId);
      const { status, language, metadata } = change(tables.withLogHead(session));
      const isUnchanged =
        status === session.status && language === session.language && metadata.equals(session.metadata);
      if (isUnchanged) return tables.withLogHead(session);
      disk.throwIfFull();
      const changed = { ...session, status, language, metadata, ...changeOf(session) };
      tables.sessions.put(changed, session);
      return tables.withLogHead(changed);
    }, context);
    this.watches.notify(sessionId, 0);
    return updated;
  }

  async delete(sessionId: string, context: RequestContext): Promise<void> {
    const { tables } = this;
    await this.transactions.write(() => {
      if (!tables.sessions.isDeleted(sessionId)) tables.writeTombstone(tables.getSession(sessionId));
    }, context);
    this.cleanup.run();
    this.watches.notify(sessionId, 0);
  }

  /** Reads a long list in slices. */
  async list(query: SessionQuery, context: RequestContext): Promise<Session[]> {
    const found: Session[] = [];
    let bytes = 0;
    for (;;) {
      const limit = Math.min(query.limit - found.length, SLICE_SESSIONS);
      const part = { after: found.at(-1) ?? query.after, limit, maximumBytes: SLICE_BYTES };
      const slice = await this.listSlice({ ...query, ...part }, context);
      const sliceBytes = sessionsSize(slice);
      found.push(...slice);
      bytes += sliceBytes;
      const isLast = slice.length < limit && sliceBytes <= SLICE_BYTES;
      if (isLast || found.length === query.limit || bytes > query.maximumBytes) return found;
      await this.turns.next();
    }
  }

  private listSlice(query: SessionQuery, context: RequestContext): Promise<Session[]> {
    const { tables } = this;
    return this.transactions.read(() => {
      const complete = (session: StoredSession): Session => tables.withLogHead(session);
      return tables.sessions.list(query, complete, (error) => this.observer.unreadableRow(error));
    }, context);
  }
}

/** The fields that every change of a session sets. */
function changeOf({ changedAt, revision }: StoredSession): Pick<StoredSession, 'changedAt' | 'revision'> {
  return { changedAt: notBefore(changedAt), revision: revision + 1 };
}
