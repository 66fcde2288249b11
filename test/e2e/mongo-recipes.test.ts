import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { packageRoot } from '../../src/package-root';
import { disconnect } from '../support/connect';
import { MongoServer } from '../support/mongo-server';
import { MongoShell } from '../support/mongo-shell';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { expectSameJson, NASTY_KEYS } from '../support/nasty-json';
import { readBson } from '../support/read-bson';
import type { RpcClient } from '../support/rpc-client';
import { endServices } from '../support/service-process';
import { until } from '../support/until';

/** The recipes in docs/mongodb.md, by the sentence before each. */
const RECIPES = readRecipes();

function readRecipes(): ReadonlyMap<string, string> {
  const page = readFileSync(join(packageRoot(), 'docs/mongodb.md'), 'utf8');
  const [, section = ''] = /<!-- recipes:begin -->(.*)<!-- recipes:end -->/s.exec(page) ?? [];
  const recipes = section.matchAll(/^(?!```)([^\n]+)\n\n```js\n(.*?)\n```$/gms);
  return new Map([...recipes].map(([, title = '', code = '']) => [title, code]));
}

const used = new Set<string>();

/** Returns the recipe whose title begins with this. */
function recipe(start: string): string {
  const [title, code] = [...RECIPES].find(([text]) => text.startsWith(start)) ?? [];
  if (title === undefined || code === undefined) throw new Error(`docs/mongodb.md has no recipe "${start}"`);
  used.add(title);
  return code;
}

let mongod: RunningMongod;
let mongoClient: mongo.MongoClient;
let db: mongo.Db;
let shell: MongoShell;
let server: MongoServer;
let client: RpcClient;

beforeAll(async () => {
  mongod = await startReplicaSet();
  mongoClient = await mongo.MongoClient.connect(mongod.uri);
  db = mongoClient.db();
  shell = new MongoShell(db);
  server = await MongoServer.start(mongod.uri);
  ({ client } = server);
  await addConversation();
}, 60_000);

afterAll(async () => {
  await shell.close();
  disconnect();
  await endServices();
  await mongoClient.close();
  await mongod.stop();
});

const transcript = (eventId: string, text: string) => ({ eventId, type: 'transcript', payload: { text } });
const toolCall = (eventId: string, tool: string, durationMs: number) => ({
  ...{ eventId, type: 'tool_call', payload: { tool, durationMs, 'order.id': 'A-17' } },
});

async function addConversation(): Promise<void> {
  for (const sessionId of ['call-1', 'call-2'])
    await client.createSession({ sessionId, language: 'de', metadata: { caller: '+49 30 901820' } });
  await client.deleteSession('call-2');
  await client.addEvent({ sessionId: 'call-1', ...transcript('e-1', 'Where is my order?') });
  await client.batchAddEvents({
    sessionId: 'call-1',
    events: [
      toolCall('e-2', 'find_order', 100),
      toolCall('e-3', 'find_order', 300),
      toolCall('e-4', 'crm_lookup', 50),
      transcript('e-5', 'It is on its way.'),
    ],
  });
}

describe('the recipes of docs/mongodb.md', () => {
  test('read a conversation in order', async () => {
    expect(await shell.run(recipe('Read a conversation'))).toMatchObject([
      { sequence: 1, type: 'transcript', payload: { text: 'Where is my order?' } },
      {
        sequence: 2,
        type: 'tool_call',
        payload: { tool: 'find_order', durationMs: 100, 'order.id': 'A-17' },
      },
      {
        sequence: 3,
        type: 'tool_call',
        payload: { tool: 'find_order', durationMs: 300, 'order.id': 'A-17' },
      },
      { sequence: 4, type: 'tool_call', payload: { tool: 'crm_lookup', durationMs: 50, 'order.id': 'A-17' } },
      { sequence: 5, type: 'transcript', payload: { text: 'It is on its way.' } },
    ]);
  });

  test('find events by a text, and sessions by their metadata', async () => {
    expect(await shell.run(recipe('Find the events with a text'))).toMatchObject([{ eventId: 'e-1' }]);
    expect(await shell.run(recipe('Find sessions by'))).toMatchObject([
      { sessionId: 'call-1', metadata: { caller: '+49 30 901820' } },
    ]);
  });

  test('group events and sessions', async () => {
    expect(await shell.run(recipe('Count the calls of each tool'))).toEqual([
      { _id: 'find_order', calls: 2, meanMs: 200 },
      { _id: 'crm_lookup', calls: 1, meanMs: 50 },
    ]);
    const day = new Date();
    day.setUTCHours(0, 0, 0, 0);
    expect(await shell.run(recipe('Count the sessions of each day'))).toEqual([
      { _id: { day, language: 'de' }, sessions: 1 },
    ]);
    const found = await shell.run(recipe('Read a key that contains a dot'));
    expect(found).toEqual([2, 3, 4].map((sequence) => ({ sessionId: 'call-1', sequence })));
  });

  test('index and search payloads, while the service runs', async () => {
    await shell.run(recipe('Create an index on a field'));
    expect(JSON.stringify(await shell.run(recipe('The query planner now uses it')))).toContain(
      '"indexName":"own_tool"',
    );
    await shell.run(recipe('Create a text index'));
    expect(await shell.run(recipe('Search it'))).toEqual([
      { sessionId: 'call-1', sequence: 1, payload: { text: 'Where is my order?' } },
    ]);

    const sessionId = 'indexed';
    await client.createSession({ sessionId });
    const odd = {
      tool: ['a', { b: 1 }],
      text: ['one order', 2],
      language: 'no such language',
      no: { language: 3 },
    };
    await client.addEvent({ sessionId, eventId: 'e-1', payload: odd });
    const { events } = await client.getSession({ sessionId });
    expect(events.map(({ payload }) => payload)).toEqual([odd]);
    const again = await MongoServer.start(mongod.uri);
    await again.client.addEvent({ sessionId, eventId: 'e-2', payload: odd });
    expect([...server.warnings, ...again.warnings]).toEqual([]);
    const indexes = await db.collection('conversation_events').indexes();
    expect(indexes.map(({ name }) => name)).toEqual(expect.arrayContaining(['own_text', 'own_tool']));
  });

  test('follow new events', async () => {
    const following = shell.run(recipe('Follow new events'));
    const sessionId = 'followed';
    await client.createSession({ sessionId });
    let sent = 0;
    await until('the payload is printed', async () => {
      await client.addEvent({ sessionId, eventId: `e-${++sent}`, payload: { text: 'Hello?' } });
      return shell.printed.length > 0 || undefined;
    });
    expect(shell.printed[0]).toEqual({ text: 'Hello?' });
    await shell.close();
    await following;
  });

  test('create a user that can only read', async () => {
    await shell.run(recipe('Create a user'));
    const { users } = await db.command({ usersInfo: 'analyst' });
    expect(users).toMatchObject([{ user: 'analyst', roles: [{ role: 'read', db: db.databaseName }] }]);
  });

  test('are all tested', () => {
    expect([...used].toSorted()).toEqual([...RECIPES.keys()].toSorted());
  });
});

describe('what is stored', () => {
  const typesOf = async (collection: string, sessionId: string): Promise<mongo.Document> => {
    const toTypes = { $arrayToObject: { $map: { input: { $objectToArray: '$$ROOT' }, in: TYPE_OF_FIELD } } };
    const [types] = await db
      .collection(collection)
      .aggregate([{ $match: { sessionId } }, { $replaceWith: toTypes }])
      .toArray();
    return types ?? {};
  };
  const TYPE_OF_FIELD = { k: '$$this.k', v: { $type: '$$this.v' } };

  test('has the types in docs/mongodb.md', async () => {
    const sessionId = 'types';
    await client.createSession({ sessionId, language: 'de' });
    const payload = {
      int: 3,
      large: 2 ** 40,
      half: 0.5,
      text: '',
      flag: true,
      nothing: null,
      list: [1],
      object: {},
    };
    await client.addEvent({ sessionId, eventId: 'event', type: 'note', payload });
    expect(await typesOf('conversation_events', sessionId)).toEqual({
      ...{ _id: 'objectId', sessionId: 'string', eventId: 'string', sequence: 'int', type: 'string' },
      ...{ payload: 'object', timestamp: 'date' },
    });
    const session = {
      ...{ _id: 'objectId', sessionId: 'string', status: 'string', language: 'string', metadata: 'object' },
      ...{ startedAt: 'date', changedAt: 'date', endedAt: 'null', endReason: 'string', revision: 'int' },
    };
    expect(await typesOf('conversation_sessions', sessionId)).toEqual(session);
    await client.completeSession({ sessionId });
    const ended = { ...session, endedAt: 'date', endId: 'objectId' };
    expect(await typesOf('conversation_sessions', sessionId)).toEqual(ended);

    const types = { $map: { input: { $objectToArray: '$payload' }, in: { $type: '$$this.v' } } };
    const [values] = await db
      .collection('conversation_events')
      .aggregate([{ $match: { sessionId } }, { $project: { types } }])
      .toArray();
    const [number, others] = ['double', ['string', 'bool', 'null', 'array', 'object']];
    expect(values?.types).toEqual([number, number, number, ...others]);
  });

  test('metadata is a plain document after each call, with any keys', async () => {
    const sessionId = 'metadata';
    const metadata = Object.fromEntries(NASTY_KEYS.map((key, index) => [key, { [key]: [index, key] }]));
    const stored = async (): Promise<unknown> => {
      const rows = db.collection<{ sessionId: string }>('conversation_sessions');
      // The driver's own form of an object with `$ref` and `$id` is another.
      const [row] = await rows.find<Buffer>({ sessionId }, { raw: true }).toArray();
      const { metadata: bson } = mongo.BSON.deserialize(row ?? Buffer.alloc(0), { raw: true });
      return readBson(bson as Uint8Array);
    };
    await client.createSession({ sessionId, metadata });
    expectSameJson(await stored(), metadata);
    await client.updateSession({ sessionId, language: 'de' });
    expectSameJson(await stored(), metadata);
    await client.updateSession({ sessionId, metadata: { $set: 1, 'a.b': 2 } }, ['metadata']);
    expectSameJson(await stored(), { $set: 1, 'a.b': 2 });
    await client.updateSession({ sessionId, metadata }, ['metadata']);
    await client.completeSession({ sessionId });
    expectSameJson(await stored(), metadata);
    expectSameJson((await client.getSession({ sessionId })).session?.metadata, metadata);
  });
});
