import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { connect, disconnect } from '../support/connect';
import { LogWriter } from '../support/log-writer';
import { openMongo } from '../support/open-mongo';
import { outcomesOf } from '../support/outcomes';
import { ReplicaSet } from '../support/replica-set';
import type { RpcClient } from '../support/rpc-client';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

const STEP_DOWNS = 8;

/** The longest that a read may wait for a primary and then fail, in milliseconds. */
const READ_DEADLINE_MS = 5000;

/** The longest that reads may fail once the set has a new primary, in milliseconds. */
const MAX_RECOVERY_MS = 1500;

let set: ReplicaSet;
let store: Store | undefined;
let database: mongo.MongoClient | undefined;

beforeAll(async () => {
  set = await ReplicaSet.start(3);
}, 60_000);

afterEach(async () => {
  disconnect();
  await store?.close();
  await database?.close();
  await endServices();
});

afterAll(() => set.stop());

/** Callers that read one session without a pause, each by one kind of call. */
class Readers {
  /** The statuses that calls have ended with. */
  readonly statuses = new Set<string>();
  /** When each of the callers was last answered, by `performance.now()`. */
  private readonly answeredAt: number[];
  private readonly running: Promise<unknown>;
  private stopped = false;

  constructor(calls: readonly (() => Promise<unknown>)[]) {
    this.answeredAt = calls.map(() => 0);
    this.running = Promise.all(calls.map((call, index) => this.repeat(call, index)));
  }

  /** Waits until every caller has been answered from now on. */
  async answered(): Promise<void> {
    const since = performance.now();
    const all = () => (this.answeredAt.every((at) => at > since) ? true : undefined);
    await until('every reader is answered', all, 20_000);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async repeat(call: () => Promise<unknown>, index: number): Promise<void> {
    while (!this.stopped) {
      const [outcome = ''] = await outcomesOf([call()]);
      this.statuses.add(outcome);
      if (outcome === 'OK') this.answeredAt[index] = performance.now();
      // A client waits before it retries.
      else await sleep(20);
    }
  }
}

function readersOf(client: RpcClient, sessionId: string): Readers {
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + READ_DEADLINE_MS });
  const calls = [
    () => client.getSession({ sessionId, limit: 50 }, deadline()),
    () => client.getSession({ sessionId, offset: 20, limit: 30 }, deadline()),
    () => client.listEvents({ sessionId, pageSize: 40 }, deadline()),
    () => client.listEvents({ sessionId, newestFirst: true, types: ['transcript'] }, deadline()),
  ];
  return new Readers([...calls, ...calls]);
}

test('reads during step-downs never end with INTERNAL, and succeed soon after the next election', async () => {
  const { service, port } = await startService({ MONGODB_URI: set.uri });
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  const client = connect(port);
  const sessionId = 'call';
  await client.createSession({ sessionId });
  const events = Array.from({ length: 50 }, (_, index) => ({ eventId: `event-${index + 1}` }));
  await client.batchAddEvents({ sessionId, events });
  const watch = client.watchSession({ sessionId }, 120_000);
  await watch.caughtUp();
  const readers = readersOf(client, sessionId);
  const recoveryMs: number[] = [];

  for (let count = 0; count < STEP_DOWNS; count += 1) {
    await readers.answered();
    // The step-down closes the connection, which fails the command.
    await (await set.primary()).command({ replSetStepDown: 1, force: true }).catch(() => undefined);
    await set.primary();
    const electedAt = performance.now();
    await readers.answered();
    recoveryMs.push(performance.now() - electedAt);
  }
  await readers.stop();

  expect([...readers.statuses].filter((status) => status !== 'OK' && status !== 'UNAVAILABLE')).toEqual([]);
  expect(Math.max(...recoveryMs)).toBeLessThan(MAX_RECOVERY_MS);
  await client.addEvent({ sessionId, eventId: 'last' });
  await watch.reached(51);
}, 120_000);

test('a page that lacks a stored event is read again, however long it takes to confirm the event', async () => {
  store = await openMongo(set.uri);
  database = new mongo.MongoClient(set.uri);
  const primary = await set.primary();
  const events = database.db().collection('conversation_events');
  const writer = new LogWriter(store, 10_000, 'call-confirmed');
  await writer.create();
  await writer.add(1);
  // They hide the event from a page of one event.
  const hiding = [0.25, 0.5].map((sequence) => ({
    sessionId: writer.sessionId,
    eventId: `hiding-${sequence}`,
    sequence,
  }));
  await events.insertMany(hiding);
  // The third read confirms that the event is stored.
  await primary.command({
    ...{ configureFailPoint: 'failCommand', mode: { skip: 2 } },
    data: { failCommands: ['find'], blockConnection: true, blockTimeMS: 1500 },
  });
  const range = { afterSequence: 0, limit: 1, maximumBytes: 1000 };
  const read = store.events.readPage(writer.sessionId, range, new RequestContext(Date.now() + 10_000));
  await sleep(500);
  await primary.command({ configureFailPoint: 'failCommand', mode: 'off' });
  await events.deleteMany({ sessionId: writer.sessionId, eventId: /^hiding/ });
  const { events: page } = await read;
  expect(page.map(({ eventId }) => eventId)).toEqual(['event-0']);
}, 60_000);
