import { join } from 'node:path';
import { status as Code } from '@grpc/grpc-js';
import { open } from 'lmdb';
import { mongo } from 'mongoose';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { ReplicaSet } from '../support/replica-set';
import type { RpcClient } from '../support/rpc-client';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

const EVENTS = 50_000;
const BATCH = 1000;

/** An answer takes no longer than this beside a clearing, in milliseconds. */
const ANSWER_MS = 1000;

let set: ReplicaSet;
let database: mongo.MongoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  database = new mongo.MongoClient(set.uri);
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(async () => {
  await database.close();
  await set.stop();
});

/** A store that outlives its servers, and the rows that are in it, as nobody but the store sees them. */
interface Kept {
  readonly environment: Readonly<Record<string, string>>;
  readonly countEvents: (sessionId: string) => Promise<number>;
}

function keptInMongo(): Kept {
  return {
    environment: { MONGODB_URI: set.uri },
    countEvents: (sessionId) => database.db().collection('conversation_events').countDocuments({ sessionId }),
  };
}

function keptInFolder(): Kept {
  const folder = join(temporaryFolder(), 'data');
  return {
    environment: { DATA_DIR: folder },
    // The one session with more than a few events.
    countEvents: async () => {
      const root = open({ path: folder, noSubdir: false, readOnly: true, maxDbs: 8 });
      const events = root.openDB<Buffer, Buffer>({
        name: 'events',
        keyEncoding: 'binary',
        encoding: 'binary',
      });
      const count = events.getCount();
      await root.close();
      return count;
    },
  };
}

async function serve({ environment }: Kept): Promise<{ client: RpcClient; kill: () => Promise<void> }> {
  const { service, port } = await startService(environment);
  await until('it serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  const kill = async (): Promise<void> => {
    service.signal('SIGKILL');
    await service.exit;
  };
  return { client: connect(port), kill };
}

async function timed(call: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call;
  return performance.now() - startedAt;
}

describe.each([
  ['embedded', keptInFolder],
  ['mongodb', keptInMongo],
])('%s', (name, keep) => {
  test('a long session is gone at once, cleared beside other calls, and after a kill on a restart', async () => {
    const kept = keep();
    const [sessionId, other] = [`long-${name}`, `other-${name}`];
    const first = await serve(kept);
    await first.client.createSession({ sessionId });
    await first.client.createSession({ sessionId: other });
    for (let at = 0; at < EVENTS; at += BATCH) {
      const events = Array.from({ length: BATCH }, (_, index) => ({ eventId: `event-${at + index}` }));
      await first.client.batchAddEvents({ sessionId, events });
    }
    expect(await timed(first.client.deleteSession(sessionId))).toBeLessThan(ANSWER_MS);
    expect(await failureOf(first.client.getSession({ sessionId }))).toMatchObject({ code: Code.NOT_FOUND });

    let slowest = 0;
    let added = 0;
    const left = await until('some are removed', async () => {
      added += 1;
      const call = first.client.addEvent({ sessionId: other, eventId: `event-${added}` });
      slowest = Math.max(slowest, await timed(call));
      const count = await kept.countEvents(sessionId);
      return count < EVENTS ? count : undefined;
    });
    await first.kill();
    expect(slowest).toBeLessThan(ANSWER_MS);
    expect(left).toBeGreaterThan(BATCH);

    const second = await serve(kept);
    const [error, page] = await Promise.all([
      failureOf(second.client.createSession({ sessionId })),
      second.client.getSession({ sessionId: other }),
    ]);
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, info: { reason: 'SESSION_DELETED' } });
    expect(page.pagination?.total).toBe(added);
    const cleared = async (): Promise<true | undefined> =>
      (await kept.countEvents(sessionId)) <= added ? true : undefined;
    await until('the rest is removed', cleared, 30_000);
    expect((await second.client.getSession({ sessionId: other })).pagination?.total).toBe(added);
  }, 90_000);
});

test('what the other server acknowledged after the deletion leaves nothing behind', async () => {
  const kept = keptInMongo();
  const [deleting, writing] = await Promise.all([serve(kept), serve(kept)]);
  const sessionId = 'written to';
  await deleting.client.createSession({ sessionId });
  await writing.client.addEvent({ sessionId, eventId: 'before' });
  await deleting.client.deleteSession(sessionId);
  const deletedAt = performance.now();
  expect(await failureOf(deleting.client.addEvent({ sessionId, eventId: 'late' }))).toMatchObject({
    code: Code.NOT_FOUND,
  });
  // Whoever looked at the session less than 5 s ago takes its events yet.
  let acknowledged = 0;
  const error = await until('the writer learns', async () => {
    const call = writing.client.addEvent({ sessionId, eventId: `event-${acknowledged}` });
    const failure = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (failure === undefined) acknowledged += 1;
    return failure;
  });
  expect(error).toMatchObject({ code: Code.NOT_FOUND });
  expect(performance.now() - deletedAt).toBeLessThan(5500);
  expect(acknowledged).toBeGreaterThan(0);
  expect(await failureOf(writing.client.createSession({ sessionId }))).toMatchObject({
    info: { reason: 'SESSION_DELETED' },
  });

  await until(
    'no row is left',
    async () => ((await kept.countEvents(sessionId)) === 0 ? true : undefined),
    40_000,
  );
  const rows = database.db().collection('conversation_sessions');
  const tombstone = await until(
    'nothing is looked for any more',
    async () => (await rows.findOne({ sessionId, uncleared: { $exists: false } })) ?? undefined,
    40_000,
  );
  expect(Object.keys(tombstone).sort()).toEqual(['_id', 'deletedAt', 'sessionId']);
  expect(await kept.countEvents(sessionId)).toBe(0);
}, 90_000);
