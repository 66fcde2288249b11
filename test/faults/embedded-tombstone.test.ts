import { failureOf } from '../support/call-error';
import { disconnect, readLog } from '../support/connect';
import { EditedService } from '../support/edited-service';
import { endServices } from '../support/service-process';
import { until } from '../support/until';

const DAY_MS = 24 * 3600 * 1000;

const EVENTS = 100_000;
const BATCH = 1000;

afterEach(async () => {
  disconnect();
  await endServices();
});

async function addEvents(service: EditedService, sessionId: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += BATCH) {
    const events = Array.from({ length: BATCH }, (_, index) => ({ eventId: `event-${at + index}` }));
    await service.client.batchAddEvents({ sessionId, events });
  }
}

test('a tombstone outlives the removal of its events, however old it is', async () => {
  const service = await EditedService.start();
  const sessionId = 'call';
  await service.client.createSession({ sessionId });
  await addEvents(service, sessionId, EVENTS);
  await service.client.createSession({ sessionId: 'other' });
  await service.client.deleteSession(sessionId);
  let left = 0;
  await service.editKilled((rows) => {
    left = rows.count('events');
    rows.ageTombstone(sessionId, 31 * DAY_MS);
  });
  expect(left).toBeGreaterThan(EVENTS / 2);

  // Each deletion purges old tombstones.
  await service.client.deleteSession('other');
  const refused = await failureOf(service.client.createSession({ sessionId }));
  expect(refused).toMatchObject({ info: { reason: 'SESSION_DELETED' } });

  const created = await until(
    'the ID can be used again',
    () => service.client.createSession({ sessionId }).catch(() => undefined),
    60_000,
  );
  expect(created.session?.eventCount).toBe(0);
  await addEvents(service, sessionId, 2 * BATCH);
  await service.edit((rows) => expect(rows.count('events')).toBe(2 * BATCH));
  expect(await readLog(service.client, sessionId)).toHaveLength(2 * BATCH);
  expect((await service.client.addEvent({ sessionId, eventId: 'event-0' })).duplicate).toBe(true);
}, 120_000);

test('an old tombstone of an ID that was used and deleted again does not free the ID', async () => {
  const service = await EditedService.start();
  for (const sessionId of ['call', 'other']) {
    await service.client.createSession({ sessionId });
    await service.client.deleteSession(sessionId);
  }
  // As if the ID had been used again after 30 days, before a deletion purged the old tombstone.
  await service.edit((rows) => rows.addTombstoneKey('call', new Date(Date.now() - 31 * DAY_MS)));
  await service.client.createSession({ sessionId: 'purging' });
  await service.client.deleteSession('purging');
  expect(await failureOf(service.client.createSession({ sessionId: 'call' }))).toMatchObject({
    info: { reason: 'SESSION_DELETED' },
  });
});

test('an old tombstone is purged once the events are removed, and its ID can be used again', async () => {
  const service = await EditedService.start();
  await service.addSession('call');
  await service.client.deleteSession('call');
  await service.edit((rows) => rows.ageTombstone('call', 31 * DAY_MS));
  await service.edit((rows) => expect(rows.count('events')).toBe(0));
  await service.client.createSession({ sessionId: 'purging' });
  await service.client.deleteSession('purging');
  await service.edit((rows) => {
    expect(rows.count('tombstones')).toBe(1);
    expect(rows.count('sessions')).toBe(1);
  });
  await service.addSession('call');
});
