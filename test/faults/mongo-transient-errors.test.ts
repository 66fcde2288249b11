import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { status as Code } from '@grpc/grpc-js';
import type { mongo } from 'mongoose';
import type { Store } from '../../src/core/store';
import { failureOf } from '../support/call-error';
import { connect, disconnect, readLog } from '../support/connect';
import { addedOf } from '../support/ingest-stream';
import { openMongo } from '../support/open-mongo';
import { type Member, ReplicaSet } from '../support/replica-set';
import type { RpcClient } from '../support/rpc-client';
import { type SessionServer, startSessionServer } from '../support/session-server';

/** The commands of calls. */
const COMMANDS = ['find', 'aggregate', 'insert', 'update'];

/** The longest that a request of a stream may take, in milliseconds. */
const DEADLINE_MS = 1500;

const write = Reflect.get(Socket.prototype, 'write');

let set: ReplicaSet;
let member: Member;
let stores: readonly Store[];
let servers: readonly SessionServer[];
let client: RpcClient;
/** A client of another server. */
let other: RpcClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  member = await set.primary();
  stores = [await openMongo(set.uri), await openMongo(set.uri)];
  servers = await Promise.all(
    stores.map((store) => startSessionServer(store, { defaultDeadlineMs: DEADLINE_MS })),
  );
  [client, other] = servers.map(({ port }) => connect(port)) as [RpcClient, RpcClient];
}, 60_000);

afterEach(async () => {
  jest.restoreAllMocks();
  await member.command({ configureFailPoint: 'failCommand', mode: 'off' });
});

afterAll(async () => {
  disconnect();
  for (const server of servers) await server.close();
  for (const store of stores) await store.close();
  await set.stop();
});

/** Makes commands fail: the next ones, or all until the end of the test. */
const fail = (mode: { times: number } | 'alwaysOn', data: mongo.Document): Promise<unknown> =>
  member.command({ configureFailPoint: 'failCommand', mode, data: { failCommands: COMMANDS, ...data } });

/** Makes the next writes to the database's sockets fail as the system reports it, while they wait for room in a buffer. */
function breakSockets(times: number): void {
  let left = times;
  jest.spyOn(Socket.prototype, 'write').mockImplementation(function (
    this: Socket,
    ...parameters: Parameters<Socket['write']>
  ) {
    if (this.remotePort !== member.port || left === 0) return write.apply(this, parameters);
    left -= 1;
    const reset = { errno: -104, code: 'ECONNRESET', syscall: 'write' };
    process.nextTick(() => this.destroy(Object.assign(new Error('write ECONNRESET'), reset)));
    return false;
  });
}

/** Makes each call once, each after the fault has been injected. */
async function makeCalls(inject: () => unknown): Promise<void> {
  const sessionId = `session-${randomUUID()}`;
  const calls: (() => Promise<unknown>)[] = [
    () => client.createSession({ sessionId }),
    () => client.addEvent({ sessionId, eventId: 'e1' }),
    () => client.batchAddEvents({ sessionId, events: [{ eventId: 'e2' }, { eventId: 'e3' }] }),
    () => client.addEvent({ sessionId, eventId: 'e1' }),
    () => client.getSession({ sessionId }),
    () => client.getEvent({ sessionId, eventId: 'e2' }),
    () => client.listEvents({ sessionId }),
    () => client.listSessions({}),
    () => client.updateSession({ sessionId, language: 'fr' }, ['language']),
    () => client.completeSession({ sessionId }),
  ];
  for (const call of calls) {
    await inject();
    await call();
  }
  const events = await readLog(client, sessionId);
  expect(events.map(({ eventId }) => eventId)).toEqual(['e1', 'e2', 'e3']);
  await inject();
  await client.deleteSession(sessionId);
}

/** By their names in the server's list of error codes. */
const TRANSIENT_CODES: readonly (readonly [string, number])[] = [
  ['HostUnreachable', 6],
  ['HostNotFound', 7],
  ['LockTimeout', 24],
  ['CursorNotFound', 43],
  ['MaxTimeMSExpired', 50],
  ['NetworkTimeout', 89],
  ['WriteConflict', 112],
  ['FailedToSatisfyReadPreference', 133],
  ['ReadConcernMajorityNotAvailableYet', 134],
  ['StaleEpoch', 150],
  ['QueryPlanKilled', 175],
  ['PrimarySteppedDown', 189],
  ['NetworkInterfaceExceededTimeLimit', 202],
  ['DatabaseDropPending', 215],
  ['CursorKilled', 237],
  ['SnapshotTooOld', 239],
  ['SnapshotUnavailable', 246],
  ['ExceededTimeLimit', 262],
  ['MigrationConflict', 272],
  ['InterruptedDueToStorageChange', 355],
  ['TemporarilyUnavailable', 365],
  ['SocketException', 9001],
  ['NotWritablePrimary', 10107],
  ['Interrupted', 11601],
  ['InterruptedDueToReplStateChange', 11602],
  ['NotPrimaryNoSecondaryOk', 13435],
  ['NotPrimaryOrSecondary', 13436],
];

test.each(TRANSIENT_CODES)('after %s (%d) a call is retried', async (_, errorCode) => {
  await makeCalls(() => fail({ times: 2 }, { errorCode }));
});

/** Until its next heartbeat the driver does not use a server that reports them. */
test.each([
  ['ShutdownInProgress', 91],
  ['InterruptedAtShutdown', 11600],
])('after %s (%d) a call is retried', async (_, errorCode) => {
  await fail({ times: 1 }, { errorCode });
  await client.createSession({ sessionId: `session-${randomUUID()}` }, { deadline: Date.now() + 10_000 });
});

test.each(['RetryableWriteError', 'RetryableError', 'ResumableChangeStreamError'])(
  'after any error with the label %s a call is retried',
  async (label) => {
    await makeCalls(() => fail({ times: 2 }, { errorCode: 8, errorLabels: [label] }));
  },
);

test('after a closed connection a call is retried', async () => {
  await makeCalls(() => fail({ times: 2 }, { closeConnection: true }));
});

test("after an error of the driver's socket a call is retried", async () => {
  await makeCalls(() => breakSockets(1));
});

test.each<[string, () => unknown]>([
  ['the server', () => fail('alwaysOn', { errorCode: 11601 })],
  ['the socket', () => breakSockets(Infinity)],
])('a call ends with UNAVAILABLE and a delay if errors of %s persist', async (_, inject) => {
  const sessionId = `session-${randomUUID()}`;
  await client.createSession({ sessionId });
  await inject();
  // The deadline is the default one.
  const options = { deadline: Infinity };
  const calls = [
    client.createSession({ sessionId: `session-${randomUUID()}` }, options),
    client.addEvent({ sessionId, eventId: 'e1' }, options),
    client.getSession({ sessionId }, options),
    client.completeSession({ sessionId }, options),
    client.listSessions({}, options),
  ];
  const errors = await Promise.all(calls.map(failureOf));
  // An attempt can be in flight at the deadline.
  const inTime = errors.filter(({ code }) => code !== Code.DEADLINE_EXCEEDED);
  expect(inTime.length).toBeGreaterThan(0);
  for (const error of inTime)
    expect(error).toMatchObject({
      code: Code.UNAVAILABLE,
      info: { reason: 'STORE_UNAVAILABLE' },
      retry: { retryDelay: { seconds: 1 } },
    });
});

test('an ingest stream ends with UNAVAILABLE and a delay, and what it did not answer can be sent again', async () => {
  const sessionId = `session-${randomUUID()}`;
  await client.createSession({ sessionId });
  const eventIds = Array.from({ length: 20 }, (_, index) => `e${index}`);
  const stream = client.ingestEvents();
  stream.send({ sessionId, eventId: 'e0' });
  await stream.received(1);
  await fail('alwaysOn', { errorCode: 11601 });
  for (const eventId of eventIds.slice(1)) stream.send({ sessionId, eventId });
  expect(await stream.end).toMatchObject({ code: Code.UNAVAILABLE, retry: { retryDelay: { seconds: 1 } } });
  expect(stream.replies.map((reply) => addedOf(reply).event?.eventId)).toEqual(['e0']);
  await member.command({ configureFailPoint: 'failCommand', mode: 'off' });

  const again = client.ingestEvents();
  for (const eventId of eventIds.slice(1)) again.send({ sessionId, eventId });
  await again.finish();
  expect((await readLog(client, sessionId)).map(({ eventId }) => eventId)).toEqual(eventIds);
}, 15_000);

test.each<[string, () => unknown]>([
  ['reads fail', () => fail({ times: 8 }, { failCommands: ['find', 'aggregate'], errorCode: 11601 })],
  [
    'the cursor of its change stream is lost',
    () => fail({ times: 2 }, { failCommands: ['getMore'], errorCode: 43 }),
  ],
  [
    'its change stream is interrupted',
    () => fail({ times: 2 }, { failCommands: ['getMore'], errorCode: 11601 }),
  ],
  ['sockets fail', () => breakSockets(2)],
])(
  'a watch continues after %s',
  async (_, inject) => {
    const sessionId = `session-${randomUUID()}`;
    await client.createSession({ sessionId });
    const watch = client.watchSession({ sessionId });
    await watch.caughtUp();
    await inject();
    for (let sequence = 1; sequence <= 3; sequence += 1)
      await other.addEvent({ sessionId, eventId: `e${sequence}` });
    await watch.reached(3);
    expect(watch.updates).toEqual(['caught up', 1, 2, 3]);
    watch.cancel();
  },
  20_000,
);
