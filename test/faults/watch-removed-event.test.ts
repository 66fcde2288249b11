import { setTimeout as sleep } from 'node:timers/promises';
import { RequestContext } from '../../src/core/request-context';
import type { EventStore } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { watchSession } from '../../src/core/use-cases/watch-session';
import { WatchRegistry } from '../../src/core/watch-registry';

const session = {
  ...({ rowId: Buffer.alloc(12), sessionId: 'one', status: 'active', language: 'en', revision: 1 } as const),
  ...{ metadata: StructBytes.EMPTY, endedAt: undefined, endReason: '', lastEventAt: undefined },
  ...{ startedAt: new Date(), changedAt: new Date(), eventCount: 0 },
};

test('a watch soon reads rarely if an announced event never becomes visible', async () => {
  let reads = 0;
  const events: Pick<EventStore, 'readEvents'> = {
    readEvents: () => {
      reads += 1;
      return Promise.resolve({ session, events: [], examinedTo: 0 });
    },
  };
  const watches = new WatchRegistry();
  const caller = new RequestContext(Date.now() + 60_000);
  const request = { sessionId: 'one', afterSequence: 0 };
  const updates = watchSession({ events: events as EventStore, watches }, request, caller);
  expect(await updates.next()).toMatchObject({ value: { kind: 'caughtUp' } });
  const next = updates.next();
  watches.notify('one', 1);
  await sleep(500);
  expect(reads).toBeGreaterThan(10);
  await sleep(5000);
  const before = reads;
  await sleep(3000);
  expect(reads - before).toBeLessThanOrEqual(4);
  expect(reads - before).toBeGreaterThan(0);
  caller.cancel();
  await expect(next).rejects.toThrow();
}, 20_000);
