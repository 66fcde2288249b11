import pino from 'pino';
import { storeUnavailable } from '../../src/core/errors';
import type { Event } from '../../src/core/event';
import { RequestContext } from '../../src/core/request-context';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { AppendQueue } from '../../src/storage/mongo/append/append-queue';
import type { InsertResult } from '../../src/storage/mongo/append/insert-batch';
import type { LogHead } from '../../src/storage/mongo/append/log-heads';
import { PendingAppend } from '../../src/storage/mongo/append/pending-append';
import type { PlannedEvent } from '../../src/storage/mongo/append/plan-batch';
import { BoundedMap } from '../../src/storage/bounded-map';
import { MongoConnection } from '../../src/storage/mongo/connection';
import { QueryTimeoutError } from '../../src/storage/mongo/query-timeout';

import { until } from '../support/until';

const HEAD: LogHead = { sequence: 0, timestamp: 0, readAt: 0 };

/** A write that waits for its result. */
interface HeldInsert {
  readonly eventIds: readonly string[];
  readonly alone: boolean;
  resolve(result: InsertResult): void;
  reject(error: Error): void;
}

/** A queue over steps that record what they get; each insert waits for the test. */
class QueueUnderTest {
  readonly inserts: HeldInsert[] = [];
  readonly reconciled: string[][] = [];
  conflicts = 0;
  idle = false;
  /** Whether writes are still acknowledged that were prepared before. */
  confirmed = true;
  private readonly queue: AppendQueue;

  constructor(stored: readonly Event[] = []) {
    const answerStored = (_: string, planned: readonly Pick<PlannedEvent, 'append'>[]): Promise<void> => {
      this.reconciled.push(planned.map(({ append }) => append.event.eventId));
      for (const { append } of planned) {
        const event = stored.find(({ eventId }) => eventId === append.event.eventId);
        if (event !== undefined) append.succeed(event, true);
      }
      return Promise.resolve();
    };
    this.queue = new AppendQueue(
      'session-1',
      {
        connection: new MongoConnection('mongodb://127.0.0.1:1', pino({ level: 'silent' })),
        integrity: {
          confirm: () => Promise.resolve(1),
          confirmStill: () => (this.confirmed ? Promise.resolve() : Promise.reject(storeUnavailable())),
        },
        heads: {
          get: () => Promise.resolve(HEAD),
          confirm: () => undefined,
          advance: () => undefined,
          invalidate: () => undefined,
        },
        finder: { expectsDuplicates: false },
        cleanup: { removeAgain: () => Promise.resolve() },
        inserter: {
          insert: (batch, { alone }) =>
            new Promise((resolve, reject) => {
              this.inserts.push({
                eventIds: batch.map(({ event }) => event.eventId),
                alone,
                resolve,
                reject,
              });
            }),
        },
        reconciler: { answerStored, checkExpectedSequence: () => Promise.resolve() },
        conflictTimes: new BoundedMap(10),
        observer: {
          committed: () => undefined,
          appendConflict: () => (this.conflicts += 1),
          unreadableRow: () => undefined,
        },
      },
      () => (this.idle = true),
    );
  }

  add(eventId: string, context = new RequestContext(Date.now() + 60_000)): PendingAppend {
    const event = { eventId, type: 'note', payload: StructBytes.EMPTY };
    const append = new PendingAppend(event, context);
    this.queue.add(append);
    return append;
  }

  /** Waits for the write with this number; the first is 1. */
  insert(number: number): Promise<HeldInsert> {
    return until(`write ${number} starts`, () => this.inserts[number - 1]);
  }
}

test('one write is in flight; appends that arrive meanwhile share the next one', async () => {
  const queue = new QueueUnderTest();
  const first = queue.add('a');
  const write = await queue.insert(1);
  const others = [queue.add('b'), queue.add('c')];
  expect(queue.inserts).toHaveLength(1);
  write.resolve({ stored: 1, conflict: false });
  expect(await first.result).toMatchObject({ event: { eventId: 'a', sequence: 1 }, duplicate: false });
  const next = await queue.insert(2);
  expect(next.eventIds).toEqual(['b', 'c']);
  next.resolve({ stored: 2, conflict: false });
  await Promise.all(others.map(({ result }) => result));
  await until('the queue is idle', () => queue.idle || undefined);
});

test('appends of cancelled callers, and those past their deadlines, fail and are not written', async () => {
  const queue = new QueueUnderTest();
  const cancelled = new RequestContext(Date.now() + 60_000);
  const gone = [queue.add('a', cancelled), queue.add('b', new RequestContext(Date.now() - 1))];
  queue.add('c');
  const failures = Promise.allSettled(gone.map(({ result }) => result));
  cancelled.cancel();
  expect((await queue.insert(1)).eventIds).toEqual(['c']);
  expect(await failures).toMatchObject([
    { reason: { reason: 'CANCELLED' } },
    { reason: { reason: 'DEADLINE_EXCEEDED' } },
  ]);
});

test('a write during which the database was replaced is not acknowledged', async () => {
  const queue = new QueueUnderTest();
  const append = queue.add('a');
  const write = await queue.insert(1);
  queue.confirmed = false;
  write.resolve({ stored: 1, conflict: false });
  await expect(append.result).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
});

test('appends of the same event share its write', async () => {
  const queue = new QueueUnderTest();
  const [first, second] = [queue.add('a'), queue.add('a')];
  const write = await queue.insert(1);
  expect(write.eventIds).toEqual(['a']);
  write.resolve({ stored: 1, conflict: false });
  expect(await first.result).toMatchObject({ event: { sequence: 1 }, duplicate: false });
  expect(await second.result).toMatchObject({ event: { sequence: 1 }, duplicate: true });
});

test('after a conflict with another server, what is not stored is written again, alone', async () => {
  const queue = new QueueUnderTest();
  const appends = [queue.add('a'), queue.add('b')];
  const write = await queue.insert(1);
  expect(write.alone).toBe(false);
  write.resolve({ stored: 1, conflict: true });
  await appends[0]?.result;
  const again = await queue.insert(2);
  expect(again).toMatchObject({ eventIds: ['b'], alone: true });
  expect(queue.reconciled).toEqual([['b']]);
  expect(queue.conflicts).toBe(1);
  again.resolve({ stored: 1, conflict: false });
  await appends[1]?.result;
});

test('a conflict with a stored event answers its append as a duplicate, without a delay or another write', async () => {
  const event: Event = {
    rowId: new Uint8Array(12),
    eventId: 'a',
    sessionId: 'session-1',
    sequence: 5,
    type: 'note',
    payload: StructBytes.EMPTY,
    timestamp: new Date(0),
  };
  const queue = new QueueUnderTest([event]);
  const append = queue.add('a');
  (await queue.insert(1)).resolve({ stored: 0, conflict: true });
  expect(await append.result).toEqual({ event, duplicate: true });
  await until('the queue is idle', () => queue.idle || undefined);
  expect(queue.conflicts).toBe(0);
  expect(queue.inserts).toHaveLength(1);
});

test('after a transient error the append stays pending and is written again', async () => {
  const queue = new QueueUnderTest();
  const append = queue.add('a');
  (await queue.insert(1)).reject(new QueryTimeoutError('no reply'));
  (await queue.insert(2)).resolve({ stored: 1, conflict: false });
  expect(await append.result).toMatchObject({ event: { eventId: 'a' }, duplicate: false });
});

test('an error that is not transient fails the appends from before the read, but no later ones', async () => {
  const queue = new QueueUnderTest();
  const early = queue.add('a');
  const write = await queue.insert(1);
  const late = queue.add('b');
  write.reject(new Error('broken'));
  await expect(early.result).rejects.toMatchObject({ reason: 'INTERNAL' });
  const next = await queue.insert(2);
  expect(next.eventIds).toEqual(['b']);
  next.resolve({ stored: 1, conflict: false });
  await late.result;
});
