import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type * as Commands from 'mongodb/lib/cmap/commands.js';
import { mongo } from 'mongoose';
import pino from 'pino';
import type { Store } from '../../src/core/store';
import { MongoConnection } from '../../src/storage/mongo/connection';
import { PlainWriter } from '../../src/storage/mongo/plain-writer';
import { RawWriter } from '../../src/storage/mongo/raw-writer';
import { connect, disconnect, readLog } from '../support/connect';
import { addedOf } from '../support/ingest-stream';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import {
  expectSameJson,
  type JsonObject,
  NASTY_KEYS,
  nastyObject,
  withoutNegativeZero,
} from '../support/nasty-json';
import { openMongo } from '../support/open-mongo';
import type { RpcClient } from '../support/rpc-client';
import { type SessionServer, startSessionServer } from '../support/session-server';

const COMMANDS = 'mongodb/lib/cmap/commands.js';
const WARNING = 'the MongoDB driver is not the version that this service was built for: writes take more CPU';

let mongod: RunningMongod;
let mongoClient: mongo.MongoClient;
let logged: string[] = [];
const logger = pino({ level: 'warn' }, { write: (line: string) => logged.push(line) });

beforeAll(async () => {
  mongod = await startReplicaSet();
  mongoClient = await mongo.MongoClient.connect(mongod.uri);
}, 60_000);

afterEach(() => {
  jest.dontMock(COMMANDS);
  logged = [];
});

afterAll(async () => {
  disconnect();
  await mongoClient.close();
  await mongod.stop();
});

/** Replaces the class that the service loads from the driver; the driver itself goes on with its own. */
function replaceInternals(module: object): void {
  jest.doMock(COMMANDS, () => module);
}

const { DocumentSequence } = jest.requireActual<typeof Commands>(COMMANDS);

/** Sends something else than the documents that it got. */
class GarblingSequence extends DocumentSequence {
  override push(document: unknown): number {
    return super.push(document, mongo.BSON.serialize({}));
  }
}

/** Sends no documents. */
class SilentSequence extends DocumentSequence {
  override push(): number {
    return 0;
  }
}

/** Another class, that the driver would serialize like any object. */
class OtherSequence {
  push(): number {
    return 0;
  }
}

async function writerOf(): Promise<object> {
  const connection = new MongoConnection(mongod.uri, logger);
  try {
    await connection.open();
    return connection.database.writer;
  } finally {
    await connection.close();
  }
}

test('the installed driver sends documents as ready BSON', async () => {
  expect(await writerOf()).toBeInstanceOf(RawWriter);
  expect(logged).toEqual([]);
});

test.each<[string, object]>([
  ['lacks the class', {}],
  ['has another class', { DocumentSequence: OtherSequence }],
  ['sends no documents', { DocumentSequence: SilentSequence }],
  ['sends other documents', { DocumentSequence: GarblingSequence }],
])('a driver that %s gets documents through its public methods, with a warning', async (_, module) => {
  replaceInternals(module);
  expect(await writerOf()).toBeInstanceOf(PlainWriter);
  expect(logged.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([WARNING]);
});

describe('with documents written through the public methods of the driver', () => {
  let stores: readonly Store[];
  let servers: readonly SessionServer[];
  let clients: readonly [RpcClient, RpcClient];
  let sessions = 0;

  beforeAll(async () => {
    replaceInternals({});
    stores = [await openMongo(mongod.uri, logger), await openMongo(mongod.uri, logger)];
    expect(logged).toEqual([WARNING, WARNING].map((line) => expect.stringContaining(line) as string));
    servers = await Promise.all(stores.map((store) => startSessionServer(store)));
    clients = servers.map(({ port }) => connect(port)) as [RpcClient, RpcClient];
  });

  afterAll(async () => {
    for (const server of servers) await server.close();
    for (const store of stores) await store.close();
  });

  /** Sends the value by every call that stores one, and expects it back from the other server. */
  async function expectRoundTrip(value: JsonObject): Promise<void> {
    const [client, other] = clients;
    const sessionId = `value-${++sessions}`;
    const expected = withoutNegativeZero(value);
    const { session } = await client.createSession({ sessionId, metadata: value });
    expectSameJson(session?.metadata, expected);
    await client.addEvent({ sessionId, eventId: 'e-1', payload: value });
    const batch = ['e-2', 'e-3'].map((eventId) => ({ eventId, payload: value }));
    await client.batchAddEvents({ sessionId, events: batch });
    const stream = client.ingestEvents();
    stream.send({ sessionId, eventId: 'e-4', payload: value });
    for (const reply of await stream.finish()) addedOf(reply);
    const retried = await other.addEvent({ sessionId, eventId: 'e-1', payload: value });
    expect(retried).toMatchObject({ duplicate: true, payloadMismatch: false });
    const log = await readLog(other, sessionId);
    expect(log.map(({ sequence, eventId }) => [sequence, eventId])).toEqual(
      [1, 2, 3, 4].map((sequence) => [sequence, `e-${sequence}`]),
    );
    for (const { payload } of log) expectSameJson(payload, expected);

    await client.updateSession({ sessionId, metadata: {} }, ['metadata']);
    await client.updateSession({ sessionId, metadata: value }, ['metadata']);
    await client.completeSession({ sessionId });
    expectSameJson((await other.getSession({ sessionId })).session?.metadata, expected);
  }

  test('any values are stored and read', async () => {
    await expectRoundTrip(Object.fromEntries(NASTY_KEYS.map((key) => [key, { [key]: [key] }])));
    await expectRoundTrip({
      numbers: [0, -0, 1, -1.5, 2 ** 31, 2 ** 53, 1e308, 5e-324],
      text: ['', '\0', '\u{1f4de}'],
    });
    await fc.assert(fc.asyncProperty(nastyObject, expectRoundTrip), { numRuns: 30 });
  }, 60_000);

  test('two servers append to the same sessions', async () => {
    const ids = ['contended-1', 'contended-2'];
    for (const sessionId of ids) await clients[0].createSession({ sessionId });
    const append = async (client: RpcClient, writer: string): Promise<void> => {
      for (let index = 0; index < 20; index += 1) {
        const [sessionId = '', eventId] = [ids[index % 2], `${writer}-${index}`];
        const payload = { text: eventId, $literal: { 'a.b': index } };
        await client.addEvent({ sessionId, eventId, payload }, { deadline: Date.now() + 20_000 });
        if (index % 5 === 0) await sleep(1);
      }
    };
    const writers = clients.flatMap((client, server) =>
      Array.from({ length: 4 }, (_, writer) => append(client, `writer-${server}-${writer}`)),
    );
    await Promise.all(writers);
    for (const sessionId of ids) {
      const log = await readLog(clients[1], sessionId);
      expect(log.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 80 }, (_, index) => index + 1),
      );
      expect(new Set(log.map(({ eventId }) => eventId)).size).toBe(80);
      for (const { eventId, payload } of log)
        expect(payload).toEqual({ text: eventId, $literal: { 'a.b': Number(eventId.split('-').at(-1)) } });
    }
  }, 60_000);

  test('documents are the same as those of the other writer', async () => {
    jest.dontMock(COMMANDS);
    const store = await openMongo(mongod.uri);
    const server = await startSessionServer(store);
    const metadata = { text: 'a', list: [1, { b: null }] };
    try {
      await server.client.createSession({ sessionId: 'raw', metadata });
      await server.client.addEvent({ sessionId: 'raw', eventId: 'event', payload: metadata });
    } finally {
      await server.close();
      await store.close();
    }
    await clients[0].createSession({ sessionId: 'plain', metadata });
    await clients[0].addEvent({ sessionId: 'plain', eventId: 'event', payload: metadata });
    for (const name of ['conversation_sessions', 'conversation_events']) {
      const types = {
        $map: { input: { $objectToArray: '$$ROOT' }, in: ['$$this.k', { $type: '$$this.v' }] },
      };
      const [plain, raw] = await mongoClient
        .db()
        .collection(name)
        .aggregate([
          { $match: { sessionId: { $in: ['raw', 'plain'] } } },
          { $sort: { sessionId: 1 } },
          { $project: { _id: 0, types } },
        ])
        .toArray();
      expect(raw).toEqual(plain);
    }
  });
});
