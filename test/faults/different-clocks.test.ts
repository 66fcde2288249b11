import { resolve } from 'node:path';
import { disconnect } from '../support/connect';
import { ReplicaSet } from '../support/replica-set';
import type { RpcClient } from '../support/rpc-client';
import { MongoServer } from '../support/mongo-server';
import { endServices } from '../support/service-process';

/** How far the clock of one server is ahead of the other's, in milliseconds. */
const AHEAD_MS = 60_000;

let set: ReplicaSet;
let ahead: RpcClient;
let client: RpcClient;

beforeAll(async () => {
  set = await ReplicaSet.start(3);
  client = (await MongoServer.start(set.uri)).client;
  const environment = {
    NODE_OPTIONS: `--import=${resolve(__dirname, '..', 'support', 'clock-ahead.mjs')}`,
    CLOCK_AHEAD_MS: String(AHEAD_MS),
  };
  ahead = (await MongoServer.start(set.uri, environment)).client;
}, 90_000);

afterAll(async () => {
  disconnect();
  await endServices();
  await set.stop();
});

/** Adds an event through the server whose clock is ahead, and returns its time. */
async function addAhead(sessionId: string, eventId: string): Promise<number> {
  const { event } = await ahead.addEvent({ sessionId, eventId });
  return event?.timestamp?.getTime() ?? NaN;
}

async function endOf(sessionId: string): Promise<number> {
  const { session, alreadyCompleted } = await client.completeSession({ sessionId });
  expect(alreadyCompleted).toBe(false);
  return session?.endedAt?.getTime() ?? NaN;
}

test('a session does not end before its events, whichever server added them', async () => {
  const sessionId = 'call-1';
  await client.createSession({ sessionId });
  await client.addEvent({ sessionId, eventId: 'e1' });
  const last = await addAhead(sessionId, 'e2');
  expect(last).toBeGreaterThan(Date.now() + AHEAD_MS / 2);
  expect(await endOf(sessionId)).toBe(last);
});

test('nor before its start', async () => {
  const sessionId = 'call-2';
  const { session } = await ahead.createSession({ sessionId });
  expect(await endOf(sessionId)).toBeGreaterThanOrEqual(session?.startedAt?.getTime() ?? NaN);
});
