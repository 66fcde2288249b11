import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newSessionDocument } from '../../src/storage/mongo/documents/session-document';
import type { FoundOutline } from '../../src/storage/mongo/sessions/session-finder';
import { LogHeads } from '../../src/storage/mongo/append/log-heads';

const FOUND: FoundOutline = {
  document: {
    ...newSessionDocument({
      sessionId: 'session-1',
      status: 'active',
      language: 'en-US',
      metadata: StructBytes.EMPTY,
    }),
    metadata: 'binData',
  },
  last: undefined,
};

const NO_MARKS = { remove: () => Promise.resolve(true) };

test('a read in flight during an invalidation is not cached: the next append reads again', async () => {
  const replies: ((found: FoundOutline | undefined) => void)[] = [];
  const heads = new LogHeads(
    { findOutline: () => new Promise((resolve) => replies.push(resolve)) },
    NO_MARKS,
  );
  const before = heads.get('session-1');
  heads.invalidate('session-1');
  replies[0]?.(FOUND);
  expect(await before).toMatchObject({ sequence: 0 });
  const after = heads.get('session-1');
  replies[1]?.(undefined);
  await expect(after).rejects.toThrow('Session with ID session-1 not found');
});

test('after all heads are invalidated, neither cached ones nor reads in flight are used', async () => {
  const replies: ((found: FoundOutline) => void)[] = [];
  const heads = new LogHeads(
    { findOutline: () => new Promise((resolve) => replies.push(resolve)) },
    NO_MARKS,
  );
  const cached = heads.get('session-1');
  replies[0]?.(FOUND);
  await cached;
  const inFlight = heads.get('session-2');
  heads.invalidateAll();
  replies[1]?.(FOUND);
  await inFlight;
  void heads.get('session-1');
  void heads.get('session-2');
  expect(replies).toHaveLength(4);
});

test('a head that was read is cached', async () => {
  let reads = 0;
  const findOutline = (): Promise<FoundOutline> => {
    reads += 1;
    return Promise.resolve(FOUND);
  };
  const heads = new LogHeads({ findOutline }, NO_MARKS);
  expect(await heads.get('session-1')).toBe(await heads.get('session-1'));
  expect(reads).toBe(1);
});
