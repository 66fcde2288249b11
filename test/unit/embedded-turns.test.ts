import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { openEmbeddedStore } from '../../src/storage/embedded/store';
import { createLogger } from '../../src/telemetry/logger';
import { Metrics } from '../../src/telemetry/metrics';

let folder: string;
let store: Store;
/** How many events each commit stored. */
const commits: number[] = [];

const context = (): RequestContext => new RequestContext(Date.now() + 30_000);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'turns-'));
  commits.length = 0;
  const observer = new Metrics();
  observer.committed = (events) => commits.push(events);
  store = await openEmbeddedStore({
    folder,
    minFreeDiskBytes: 0,
    logger: createLogger('silent'),
    observer,
    onFatal: (error) => {
      throw error;
    },
  });
  const session = {
    sessionId: 'one',
    status: 'active',
    language: 'en',
    metadata: StructBytes.EMPTY,
  } as const;
  await store.sessions.create(session, context());
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function addBatch(batch: number, count: number): Promise<void> {
  const payload = StructBytes.of({ text: 'x'.repeat(700) });
  const events = Array.from({ length: count }, (_, index) => ({
    eventId: `event-${batch}-${index}`,
    type: index % 10 === 0 ? 'tool' : 'transcript',
    payload,
  }));
  await store.events.append('one', events, context());
}

const ALL = { afterSequence: 0, limit: 2000, maximumBytes: Infinity };

test.each([
  ['a long page', ALL, 2000],
  ['a long page, newest first', { ...ALL, newestFirst: true }, 2000],
  ['a page with a filter by type that passes over most events', { ...ALL, types: ['tool'] }, 200],
])('%s lets other calls run while it is read', async (_, range, count) => {
  for (const batch of [1, 2]) await addBatch(batch, 1000);
  const finished: string[] = [];
  const page = store.events.readPage('one', range, context());
  const calls = [
    page.then(() => finished.push('page')),
    store.events.get('one', 'event-2-999', context()).then(() => finished.push('event')),
    new Promise<void>((resolve) => setImmediate(resolve)).then(() => finished.push('turn')),
  ];
  await Promise.all(calls);
  expect(finished).toEqual(['event', 'turn', 'page']);
  const sequences = (await page).events.map(({ sequence }) => sequence);
  expect(new Set(sequences).size).toBe(count);
  expect(sequences).toEqual([...sequences].sort((a, b) => ('newestFirst' in range ? b - a : a - b)));
});

test('many callers with long pages share the turns', async () => {
  for (const batch of [1, 2]) await addBatch(batch, 1000);
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns += 1;
    if (reading) setImmediate(count);
  };
  const pages = Promise.all(Array.from({ length: 10 }, () => store.events.readPage('one', ALL, context())));
  setImmediate(count);
  await pages;
  reading = false;
  // A page of 2,000 events has at least four slices, the first of which is read at once.
  expect(turns).toBeGreaterThanOrEqual(10 * 3);
});

test('appends that take long together are committed in several transactions', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, batch) => addBatch(batch, 1000)));
  expect(commits.reduce((sum, events) => sum + events, 0)).toBe(40_000);
  expect(Math.max(...commits)).toBeLessThan(40_000);
  const { session } = await store.events.readPage('one', { ...ALL, limit: 0 }, context());
  expect(session.eventCount).toBe(40_000);
});

test('a long list of sessions lets other calls run while it is read, and is whole', async () => {
  const metadata = StructBytes.of({ text: 'x'.repeat(1000) });
  const ids = Array.from({ length: 100 }, (_, index) => `session-${index}`);
  const create = (sessionId: string): Promise<unknown> =>
    store.sessions.create({ sessionId, status: 'active', language: 'fr', metadata }, context());
  await Promise.all(ids.map(create));
  const any = { status: undefined, startedAfter: undefined, startedBefore: undefined, after: undefined };
  const query = { ...any, language: 'fr', limit: 1000, maximumBytes: Infinity };
  const finished: string[] = [];
  const list = store.sessions.list(query, context());
  await Promise.all([
    list.then(() => finished.push('list')),
    store.events.readPage('session-1', ALL, context()).then(() => finished.push('session')),
  ]);
  expect(finished).toEqual(['session', 'list']);
  expect(new Set((await list).map(({ sessionId }) => sessionId))).toEqual(new Set(ids));
  const short = await store.sessions.list({ ...query, maximumBytes: 50_000 }, context());
  expect(short.length).toBeGreaterThan(20);
  expect(short.length).toBeLessThan(100);
});

test('of sessions with much metadata, a slice of a list has few', async () => {
  const metadata = StructBytes.of({ text: 'x'.repeat(250_000) });
  const ids = Array.from({ length: 24 }, (_, index) => `session-${index}`);
  const create = (sessionId: string): Promise<unknown> =>
    store.sessions.create({ sessionId, status: 'active', language: 'fr', metadata }, context());
  await Promise.all(ids.map(create));
  const any = { status: undefined, startedAfter: undefined, startedBefore: undefined, after: undefined };
  let turns = 0;
  let reading = true;
  const count = (): void => {
    turns += 1;
    if (reading) setImmediate(count);
  };
  const list = store.sessions.list(
    { ...any, language: 'fr', limit: 1000, maximumBytes: Infinity },
    context(),
  );
  setImmediate(count);
  const listed = await list;
  reading = false;
  expect(listed.map(({ sessionId }) => sessionId).sort()).toEqual([...ids].sort());
  // Three sessions are more than a slice reads.
  expect(turns).toBeGreaterThanOrEqual(24 / 3 - 1);

  // The sweep deletes all of them, also in several steps.
  const { signal } = new AbortController();
  expect(await store.expiry.deleteInactive(new Date(Date.now() + 1000), signal)).toBe(24 + 1);
});
