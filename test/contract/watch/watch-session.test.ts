import { status as Code } from '@grpc/grpc-js';
import { SessionStatus } from '../../../generated/conversation/v1/session';
import { startSessionServer } from '../../support/session-server';
import { until } from '../../support/until';
import type { WatchStream } from '../../support/watch-stream';
import { type ContractService, describeContract, newId, newSession } from '../support/describe-contract';
import { type TestDatabase, STORES } from '../support/stores';

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function addEvents(
  service: ContractService,
  sessionId: string,
  count: number,
  name = 'e',
): Promise<void> {
  const events = range(1, count).map((n) => ({ eventId: `${name}${n}`, payload: { n } }));
  await service.client.batchAddEvents({ sessionId, events });
}

const sequencesOf = ({ events }: WatchStream): number[] => events.map(({ sequence }) => sequence);

describeContract('WatchSession', (service) => {
  test('sends the stored events, then caught_up, then live events, through both servers', async () => {
    const sessionId = await newSession(service);
    await addEvents(service, sessionId, 250);
    const watches = [service.client, service.other].map((client) => client.watchSession({ sessionId }));
    for (const watch of watches) {
      await watch.caughtUp();
      expect(watch.updates).toEqual([...range(1, 250), 'caught up']);
    }
    const payload = { text: 'live' };
    await service.other.addEvent({ sessionId, eventId: 'live', type: 'speech', payload });
    await service.client.addEvent({ sessionId, eventId: 'last' });
    for (const watch of watches) {
      await watch.reached(252);
      expect(watch.updates).toEqual([...range(1, 250), 'caught up', 251, 252]);
      expect(watch.events[250]).toMatchObject({ eventId: 'live', type: 'speech', payload, sessionId });
      watch.cancel();
    }
  });

  test.each([0, 1, 59, 60, 61, 1000])(
    'after_sequence %i returns only later events',
    async (afterSequence) => {
      const sessionId = await newSession(service);
      await addEvents(service, sessionId, 60);
      const watch = service.other.watchSession({ sessionId, afterSequence });
      await watch.caughtUp();
      expect(watch.updates).toEqual([...range(afterSequence + 1, 60), 'caught up']);
      await addEvents(service, sessionId, 5, 'more');
      if (afterSequence < 65) await watch.reached(65);
      expect(sequencesOf(watch)).toEqual(range(afterSequence + 1, 65));
      watch.cancel();
    },
  );

  test('every event arrives once and in order, whichever server stores it, whenever the watch starts', async () => {
    const sessionId = await newSession(service);
    const clients = [service.client, service.other];
    const EVENTS = 400;
    let next = 0;
    const writer = async (_: unknown, index: number): Promise<void> => {
      while (next < EVENTS) await clients[index % 2]?.addEvent({ sessionId, eventId: `e${next++}` });
    };
    const writers = Promise.all(Array.from({ length: 4 }, writer));
    const watches: WatchStream[] = [];
    for (let started = 1; started <= 20; started += 1) {
      await until('more events are stored', () => (next >= (started * EVENTS) / 25 ? true : undefined));
      const watch = clients[started % 2]?.watchSession({ sessionId });
      if (watch !== undefined) watches.push(watch);
    }
    await writers;
    for (const watch of watches) {
      await watch.reached(EVENTS);
      expect(sequencesOf(watch)).toEqual(range(1, EVENTS));
      expect(watch.updates.filter((update) => update === 'caught up')).toHaveLength(1);
      watch.cancel();
    }
  });

  test('the session is sent when it changes, not for new events', async () => {
    const sessionId = await newSession(service);
    const watch = service.client.watchSession({ sessionId });
    await watch.caughtUp();
    await service.other.addEvent({ sessionId, eventId: 'e1' });
    await watch.reached(1);
    const { session } = await service.other.updateSession({ sessionId, language: 'de' });
    await until('the session is sent', () => (watch.updates.length === 3 ? true : undefined));
    expect(watch.updates).toEqual(['caught up', 1, session]);
    await service.other.updateSession({ sessionId, language: 'de' });
    await service.client.addEvent({ sessionId, eventId: 'e2' });
    await watch.reached(2);
    expect(watch.updates).toEqual(['caught up', 1, session, 2]);
    watch.cancel();
  });

  test('the watch ends with OK after the session has ended and all its events are sent', async () => {
    const sessionId = await newSession(service);
    const watches = [service.client, service.other].map((client) => client.watchSession({ sessionId }));
    for (const watch of watches) await watch.caughtUp();
    await addEvents(service, sessionId, 120);
    const { session } = await service.client.completeSession({ sessionId, endReason: 'over' });
    for (const watch of watches) {
      expect(await watch.end).toBeUndefined();
      expect(watch.updates).toEqual(['caught up', ...range(1, 120), session]);
    }
  });

  test('a watch of an ended session gets its events and caught_up, and ends with OK', async () => {
    const sessionId = await newSession(service);
    await service.client.completeSession({ sessionId });
    await addEvents(service, sessionId, 3);
    const watch = service.other.watchSession({ sessionId, afterSequence: 1 });
    expect(await watch.end).toBeUndefined();
    expect(watch.updates).toEqual([2, 3, 'caught up']);
  });

  test('an unknown session is NOT_FOUND; so is one that is deleted during the watch', async () => {
    const unknown = newId();
    expect(await service.client.watchSession({ sessionId: unknown }).end).toMatchObject({
      code: Code.NOT_FOUND,
      details: `Session with ID ${unknown} not found`,
      info: { reason: 'SESSION_NOT_FOUND' },
    });
    const sessionId = await newSession(service);
    const watches = [service.client, service.other].map((client) => client.watchSession({ sessionId }));
    for (const watch of watches) await watch.caughtUp();
    await service.client.deleteSession(sessionId);
    for (const watch of watches)
      expect(await watch.end).toMatchObject({ code: Code.NOT_FOUND, info: { reason: 'SESSION_NOT_FOUND' } });
  });

  test('all violations are reported at once', async () => {
    const end = await service.client.watchSession({ sessionId: '', afterSequence: -1 }).end;
    expect(end).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
    expect(end?.violations?.map(({ field }) => field)).toEqual(['session_id', 'after_sequence']);
  });

  test('the watch ends at its deadline', async () => {
    const sessionId = await newSession(service);
    const watch = service.client.watchSession({ sessionId }, 300);
    expect(await watch.end).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(watch.updates).toEqual(['caught up']);
  });

  test('a watcher that stops reading does not delay others, and misses nothing when it resumes', async () => {
    const sessionId = await newSession(service);
    const [slow, quick] = [
      service.client.watchSession({ sessionId }),
      service.client.watchSession({ sessionId }),
    ];
    for (const watch of [slow, quick]) await watch.caughtUp();
    slow.pause();
    const EVENTS = 600;
    const payload = { text: 'x'.repeat(20_000) };
    for (let n = 1; n <= EVENTS; n += 100) {
      const events = range(n, n + 99).map((sequence) => ({ eventId: `e${sequence}`, payload }));
      await service.other.batchAddEvents({ sessionId, events });
    }
    await quick.reached(EVENTS);
    expect(slow.events.length).toBeLessThan(EVENTS / 2);
    slow.resume();
    await slow.reached(EVENTS);
    for (const watch of [slow, quick]) {
      expect(sequencesOf(watch)).toEqual(range(1, EVENTS));
      watch.cancel();
    }
  });

  test('1,000 watches of one session all receive each event', async () => {
    const sessionId = await newSession(service);
    const watches = range(1, 1000).map(() => service.client.watchSession({ sessionId }));
    for (const watch of watches) await watch.caughtUp();
    for (let n = 1; n <= 5; n += 1) await service.other.addEvent({ sessionId, eventId: `e${n}` });
    for (const watch of watches) {
      await watch.reached(5);
      expect(sequencesOf(watch)).toEqual(range(1, 5));
      watch.cancel();
    }
  }, 30_000);
});

describe.each(STORES)('$name: watches ended by the server', ({ open }) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await open();
  });

  afterAll(() => database.close());

  test.each([
    { name: 'a shutdown', settings: {}, stops: true },
    { name: 'the maximum connection age', settings: { maxConnectionAgeMs: 400 }, stops: false },
  ])('$name ends it with UNAVAILABLE, and the next watch resumes', async ({ settings, stops }) => {
    const server = await startSessionServer(database.stores[0], settings);
    const [sessionId, status] = [newId(), SessionStatus.SESSION_STATUS_ACTIVE];
    await server.client.createSession({ sessionId, status });
    await server.client.addEvent({ sessionId, eventId: 'e1' });
    const watch = server.client.watchSession({ sessionId });
    await watch.caughtUp();
    const stopped = stops ? server.stop() : undefined;
    expect(await watch.end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    await stopped;
    const next = stops ? await startSessionServer(database.stores[1]) : server;
    await next.client.addEvent({ sessionId, eventId: 'e2' });
    const resumed = next.client.watchSession({ sessionId, afterSequence: 1 });
    await resumed.reached(2);
    expect(resumed.events.map(({ eventId }) => eventId)).toEqual(['e2']);
    resumed.cancel();
    await next.close();
    server.client.close();
  });
});
