import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newSessionDocument } from '../../src/storage/mongo/documents/session-document';
import type { FoundSession } from '../../src/storage/mongo/sessions/session-finder';
import { LogHeads } from '../../src/storage/mongo/append/log-heads';

const FOUND: FoundSession = {
  document: newSessionDocument({
    sessionId: 'session-1',
    status: 'active',
    language: 'en-US',
    metadata: StructBytes.EMPTY,
  }),
  last: undefined,
};

test('a session that is deleted during a look at it is looked up anew', async () => {
  const answers: ((found: FoundSession | undefined) => void)[] = [];
  const tails = new LogHeads({ find: () => new Promise((resolve) => answers.push(resolve)) });
  const before = tails.get('session-1');
  tails.invalidate('session-1');
  answers[0]?.(FOUND);
  expect(await before).toMatchObject({ sequence: 0 });
  const after = tails.get('session-1');
  answers[1]?.(undefined);
  await expect(after).rejects.toThrow('Session with ID session-1 not found');
});

test('a tail that was looked up is not looked up again at once', async () => {
  let looks = 0;
  const find = (): Promise<FoundSession> => {
    looks += 1;
    return Promise.resolve(FOUND);
  };
  const tails = new LogHeads({ find });
  expect(await tails.get('session-1')).toBe(await tails.get('session-1'));
  expect(looks).toBe(1);
});
