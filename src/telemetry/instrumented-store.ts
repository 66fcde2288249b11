import type { AppendedEvent, Store } from '../core/store';
import type { Metrics } from './metrics';
import type { Tracing } from './tracing';

/** The names of the operations in metrics and traces. */
const OPERATIONS = [
  'createSession',
  'readSession',
  'readEvents',
  'completeSession',
  'addEvents',
  'getEvent',
  'countBefore',
  'listSessions',
  'updateSession',
  'deleteSession',
  'deleteExpired',
] as const;

type Operation = (typeof OPERATIONS)[number];

/** Measures and traces every operation of a store. */
export function instrumentStore(store: Store, metrics: Metrics, tracing: Tracing | undefined): Store {
  const times = new Map(OPERATIONS.map((operation) => [operation, metrics.storeTimes(operation)]));

  /** Returns the store's own promise: another one on top of it would cost each event some microseconds. */
  const observe = <Value>(
    operation: Operation,
    sessionId: string | undefined,
    work: () => Promise<Value>,
    onValue?: (value: Value) => void,
  ): Promise<Value> => {
    const startedAt = performance.now();
    const measure = (): void => times.get(operation)?.((performance.now() - startedAt) / 1000);
    const outcome = tracing === undefined ? work() : tracing.inStore(operation, sessionId, work);
    outcome.then((value) => {
      measure();
      onValue?.(value);
    }, measure);
    return outcome;
  };

  const { sessions, events, watches, expiry } = store;
  return {
    sessions: {
      create: (session, context) =>
        observe('createSession', session.sessionId, () => sessions.create(session, context)),
      complete: (sessionId, end, context) =>
        observe('completeSession', sessionId, () => sessions.complete(sessionId, end, context)),
      update: (sessionId, change, context) =>
        observe('updateSession', sessionId, () => sessions.update(sessionId, change, context)),
      delete: (sessionId, context) =>
        observe('deleteSession', sessionId, () => sessions.delete(sessionId, context)),
      list: (query, context) => observe('listSessions', undefined, () => sessions.list(query, context)),
    },
    events: {
      append: (sessionId, newEvents, context) =>
        observe(
          'addEvents',
          sessionId,
          () => events.append(sessionId, newEvents, context),
          (appended) => countAppended(metrics, appended),
        ),
      get: (sessionId, eventId, context) =>
        observe('getEvent', sessionId, () => events.get(sessionId, eventId, context)),
      readPage: (sessionId, range, context) =>
        observe('readSession', sessionId, () => events.readPage(sessionId, range, context)),
      readEvents: (sessionId, range, context) =>
        observe('readEvents', sessionId, () => events.readEvents(sessionId, range, context)),
      countBefore: (sessionId, time, context) =>
        observe('countBefore', sessionId, () => events.countBefore(sessionId, time, context)),
    },
    watches,
    expiry: {
      now: () => expiry.now(),
      countUnchanged: (since, limit) => expiry.countUnchanged(since, limit),
      deleteInactive: (since, signal) =>
        observe('deleteExpired', undefined, () => expiry.deleteInactive(since, signal)),
    },
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

function countAppended(metrics: Metrics, appended: readonly AppendedEvent[]): void {
  let duplicates = 0;
  for (const { duplicate } of appended) if (duplicate) duplicates += 1;
  metrics.addedEvents(appended.length - duplicates, duplicates);
}
