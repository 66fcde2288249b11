import type { Event, NewEvent } from '../core/event';
import type { RequestContext } from '../core/request-context';
import type { NewSession, Session, SessionChange, SessionEnd } from '../core/session';
import type {
  AddedEvent,
  CompletedSession,
  CreatedSession,
  PageRange,
  SessionPage,
  SessionQuery,
  SessionRepository,
} from '../core/store';
import type { Watcher } from '../core/watch-registry';
import type { Metrics } from './metrics';
import type { Tracing } from './tracing';

const OPERATIONS = [
  'createSession',
  'readSession',
  'completeSession',
  'addEvents',
  'getEvent',
  'countBefore',
  'listSessions',
  'updateSession',
  'deleteSession',
  'deleteExpired',
] as const satisfies readonly (keyof SessionRepository)[];

type Operation = (typeof OPERATIONS)[number];

/** Measures and traces all that is asked of a store, whoever asks. */
export class ObservedRepository implements SessionRepository {
  private readonly times: Record<Operation, (seconds: number) => void>;

  constructor(
    private readonly store: SessionRepository,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing | undefined,
  ) {
    const times = OPERATIONS.map((operation) => [operation, metrics.storeTimes(operation)] as const);
    this.times = Object.fromEntries(times) as typeof this.times;
  }

  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    return this.observe('createSession', session.sessionId, () => this.store.createSession(session, context));
  }

  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return this.observe('readSession', sessionId, () => this.store.readSession(sessionId, range, context));
  }

  completeSession(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    return this.observe('completeSession', sessionId, () =>
      this.store.completeSession(sessionId, end, context),
    );
  }

  addEvents(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AddedEvent[]> {
    return this.observe(
      'addEvents',
      sessionId,
      () => this.store.addEvents(sessionId, events, context),
      (added) => this.countAdded(added),
    );
  }

  getEvent(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    return this.observe('getEvent', sessionId, () => this.store.getEvent(sessionId, eventId, context));
  }

  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number> {
    return this.observe('countBefore', sessionId, () => this.store.countBefore(sessionId, time, context));
  }

  listSessions(query: SessionQuery, context: RequestContext): Promise<Session[]> {
    return this.observe('listSessions', undefined, () => this.store.listSessions(query, context));
  }

  updateSession(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    return this.observe('updateSession', sessionId, () =>
      this.store.updateSession(sessionId, change, context),
    );
  }

  deleteSession(sessionId: string, context: RequestContext): Promise<void> {
    return this.observe('deleteSession', sessionId, () => this.store.deleteSession(sessionId, context));
  }

  deleteExpired(retentionMs: number, signal: AbortSignal): Promise<number> {
    return this.observe('deleteExpired', undefined, () => this.store.deleteExpired(retentionMs, signal));
  }

  watch(sessionId: string): Watcher {
    return this.store.watch(sessionId);
  }

  ping(): Promise<void> {
    return this.store.ping();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** The caller is given the store's own promise: another one on top costs each event some microseconds. */
  private observe<Value>(
    operation: Operation,
    sessionId: string | undefined,
    work: () => Promise<Value>,
    onValue?: (value: Value) => void,
  ): Promise<Value> {
    const startedAt = performance.now();
    const ended = (): void => this.times[operation]((performance.now() - startedAt) / 1000);
    const outcome = this.tracing === undefined ? work() : this.tracing.inStore(operation, sessionId, work);
    outcome.then((value) => {
      ended();
      onValue?.(value);
    }, ended);
    return outcome;
  }

  private countAdded(added: readonly AddedEvent[]): void {
    let duplicates = 0;
    for (const { duplicate } of added) if (duplicate) duplicates += 1;
    this.metrics.addedEvents(added.length - duplicates, duplicates);
  }
}
