import { startStandalone } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { startSessionServer } from '../support/session-server';

test('watches on a standalone database, which has no change streams, get the events of another server', async () => {
  const mongod = await startStandalone();
  const stores = [await openMongo(mongod.uri), await openMongo(mongod.uri)] as const;
  const [here, there] = [await startSessionServer(stores[0]), await startSessionServer(stores[1])];
  try {
    const sessionId = 'call-1';
    await here.client.createSession({ sessionId });
    const watch = here.client.watchSession({ sessionId });
    await watch.caughtUp();
    for (let n = 1; n <= 20; n += 1) await there.client.addEvent({ sessionId, eventId: `e${n}` });
    await watch.reached(20);
    expect(watch.events.map(({ eventId }) => eventId)).toEqual(
      Array.from({ length: 20 }, (_, index) => `e${index + 1}`),
    );
    await there.client.completeSession({ sessionId });
    expect(await watch.end).toBeUndefined();
  } finally {
    await Promise.all([here.close(), there.close()]);
    await Promise.all(stores.map((store) => store.close()));
    await mongod.stop();
  }
}, 60_000);
