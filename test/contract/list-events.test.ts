import { status as Code } from '@grpc/grpc-js';
import type { Event } from '../../generated/conversation/v1/event';
import { failureOf, invalidFieldsOf } from '../support/call-error';
import { type ContractService, describeContract, newId, newSession } from './describe-contract';

type Filter = Omit<Parameters<ContractService['client']['listEvents']>[0], 'sessionId' | 'pageToken'>;

/** Lists all events, page by page, alternating between the servers. */
async function listAll(service: ContractService, sessionId: string, filter: Filter = {}): Promise<Event[]> {
  const events: Event[] = [];
  let pageToken = '';
  let [server, next] = [service.client, service.other];
  do {
    const page = await server.listEvents({ sessionId, pageToken, ...filter });
    events.push(...page.events);
    pageToken = page.nextPageToken;
    [server, next] = [next, server];
  } while (pageToken !== '');
  return events;
}

const sequencesOf = (events: readonly Event[]): number[] => events.map(({ sequence }) => sequence);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const TYPES = ['speech', 'dtmf', 'metric'];

/** Creates a session with this many events, with alternating types. */
async function sessionOf(service: ContractService, count: number): Promise<string> {
  const sessionId = await newSession(service);
  for (let first = 1; first <= count; first += 1000) {
    const events = range(first, Math.min(first + 999, count)).map((n) => ({
      eventId: `e${n}`,
      type: TYPES[n % TYPES.length] ?? '',
      payload: { n },
    }));
    await service.client.batchAddEvents({ sessionId, events });
  }
  return sessionId;
}

describeContract('ListEvents', (service) => {
  test('an empty session has one empty page', async () => {
    const sessionId = await newSession(service);
    for (const newestFirst of [false, true])
      expect(await service.client.listEvents({ sessionId, newestFirst })).toEqual({
        events: [],
        nextPageToken: '',
      });
  });

  test('the pages together are complete in both directions, with any page size', async () => {
    const sessionId = await sessionOf(service, 120);
    const first = await service.client.listEvents({ sessionId });
    expect(sequencesOf(first.events)).toEqual(range(1, 50));
    expect(first.events[2]).toMatchObject({ eventId: 'e3', sessionId, type: 'speech', payload: { n: 3 } });
    const last = await service.client.listEvents({ sessionId, newestFirst: true });
    expect(sequencesOf(last.events)).toEqual(range(71, 120).reverse());
    for (const pageSize of [0, 1, 7, 40, 1000, 5000]) {
      expect(sequencesOf(await listAll(service, sessionId, { pageSize }))).toEqual(range(1, 120));
      expect(sequencesOf(await listAll(service, sessionId, { pageSize, newestFirst: true }))).toEqual(
        range(1, 120).reverse(),
      );
    }
  });

  test('the last page has no token, even if it is full', async () => {
    const sessionId = await sessionOf(service, 20);
    const page = await service.client.listEvents({ sessionId, pageSize: 20 });
    expect(page).toMatchObject({ nextPageToken: '' });
    expect(page.events).toHaveLength(20);
  });

  test('the page size may change between pages', async () => {
    const sessionId = await sessionOf(service, 20);
    const { nextPageToken } = await service.client.listEvents({ sessionId, pageSize: 5 });
    const page = await service.other.listEvents({ sessionId, pageSize: 10, pageToken: nextPageToken });
    expect(sequencesOf(page.events)).toEqual(range(6, 15));
  });

  test.each([0, 1, 59, 60, 61, 1_000_000])(
    'after_sequence %i returns only later events',
    async (afterSequence) => {
      const sessionId = await sessionOf(service, 60);
      const expected = range(afterSequence + 1, 60);
      for (const pageSize of [7, 0]) {
        expect(sequencesOf(await listAll(service, sessionId, { afterSequence, pageSize }))).toEqual(expected);
        const newest = await listAll(service, sessionId, { afterSequence, pageSize, newestFirst: true });
        expect(sequencesOf(newest)).toEqual([...expected].reverse());
      }
    },
  );

  test('types returns only events of those types', async () => {
    const sessionId = await sessionOf(service, 100);
    const expected = range(1, 100).filter((n) => TYPES[n % 3] !== 'metric');
    const types = ['dtmf', 'speech', 'dtmf', 'unheard of'];
    for (const newestFirst of [false, true]) {
      const listed = sequencesOf(await listAll(service, sessionId, { types, pageSize: 9, newestFirst }));
      expect(newestFirst ? listed.reverse() : listed).toEqual(expected);
    }
    expect(await listAll(service, sessionId, { types: ['none'] })).toEqual([]);
  });

  test('a page filtered by type scans a limited part of the log, and the next page continues after it', async () => {
    const sessionId = await sessionOf(service, 12_000);
    await service.client.addEvent({ sessionId, eventId: 'rare', type: 'rare' });
    const first = await service.client.listEvents({ sessionId, types: ['rare'] });
    expect(first.events).toEqual([]);
    expect(first.nextPageToken).not.toBe('');
    const all = await listAll(service, sessionId, { types: ['rare'] });
    expect(all.map(({ eventId }) => eventId)).toEqual(['rare']);
    const newest = await service.client.listEvents({ sessionId, types: ['rare'], newestFirst: true });
    expect(newest.events).toHaveLength(1);
  });

  test('a time range includes its start and excludes its end', async () => {
    const sessionId = await newSession(service);
    for (let n = 1; n <= 12; n += 1) {
      // Several events in the same millisecond, then wait for the next one.
      const events = [1, 2, 3].map((part) => ({ eventId: `e${n}-${part}` }));
      await service.client.batchAddEvents({ sessionId, events });
      const { events: stored } = await service.client.listEvents({
        sessionId,
        newestFirst: true,
        pageSize: 1,
      });
      while (Date.now() <= (stored[0]?.timestamp?.getTime() ?? 0)) await new Promise(setImmediate);
    }
    const all = await listAll(service, sessionId);
    const timeOf = (sequence: number): Date => all[sequence - 1]?.timestamp ?? new Date(NaN);
    const expectRange = async (startTime: Date | undefined, endTime: Date | undefined): Promise<void> => {
      const isIn = ({ timestamp = new Date(NaN) }: Event): boolean =>
        timestamp >= (startTime ?? new Date(0)) && timestamp < (endTime ?? new Date(8.64e15));
      const expected = sequencesOf(all.filter(isIn));
      for (const pageSize of [2, 0]) {
        expect(sequencesOf(await listAll(service, sessionId, { startTime, endTime, pageSize }))).toEqual(
          expected,
        );
        const newest = await listAll(service, sessionId, { startTime, endTime, pageSize, newestFirst: true });
        expect(sequencesOf(newest)).toEqual([...expected].reverse());
      }
    };
    await expectRange(timeOf(8), undefined);
    await expectRange(undefined, timeOf(8));
    await expectRange(timeOf(8), timeOf(21));
    await expectRange(timeOf(8), timeOf(8));
    await expectRange(new Date(0), timeOf(1));
    await expectRange(new Date(Date.now() + 60_000), undefined);
    const both = await listAll(service, sessionId, { startTime: timeOf(8), afterSequence: 10 });
    expect(sequencesOf(both)).toEqual(range(11, 36));
  });

  test('each event is listed once, in both directions, while four writers append', async () => {
    const sessionId = await sessionOf(service, 100);
    let writing = true;
    const writer = async (name: number): Promise<void> => {
      const { addEvent } = [service.client, service.other].map((client) => ({
        addEvent: (eventId: string) => client.addEvent({ sessionId, eventId }),
      }))[name % 2] ?? { addEvent: () => Promise.reject(new Error('no client')) };
      for (let n = 0; writing; n += 1) await addEvent(`w${name}-${n}`);
    };
    const writers = Promise.all([0, 1, 2, 3].map(writer));
    for (const newestFirst of [false, true, false, true]) {
      const from = (await service.client.getSession({ sessionId, limit: 1 })).pagination?.total ?? 0;
      const { events, nextPageToken } = await service.other.listEvents({
        sessionId,
        newestFirst,
        pageSize: 9,
      });
      let pageToken = nextPageToken;
      const listed = [...events];
      // Oldest first, the list does not end while writers append.
      while (pageToken !== '' && (newestFirst || (listed.at(-1)?.sequence ?? 0) < from)) {
        const page = await service.client.listEvents({ sessionId, newestFirst, pageSize: 9, pageToken });
        listed.push(...page.events);
        ({ nextPageToken: pageToken } = page);
      }
      const sequences = sequencesOf(newestFirst ? listed.reverse() : listed);
      expect(sequences).toEqual(range(1, sequences.length));
      expect(sequences.length).toBeGreaterThanOrEqual(from);
    }
    writing = false;
    await writers;
  });

  test('a page ends before it exceeds 3 MiB', async () => {
    const sessionId = await newSession(service);
    const payload = { text: 'x'.repeat(900_000) };
    for (let n = 1; n <= 8; n += 1) await service.client.addEvent({ sessionId, eventId: `e${n}`, payload });
    const page = await service.client.listEvents({ sessionId });
    expect(sequencesOf(page.events)).toEqual([1, 2, 3]);
    const newest = await service.client.listEvents({ sessionId, newestFirst: true });
    expect(sequencesOf(newest.events)).toEqual([8, 7, 6]);
    expect(sequencesOf(await listAll(service, sessionId))).toEqual(range(1, 8));
    expect(sequencesOf(await listAll(service, sessionId, { newestFirst: true }))).toEqual(
      range(1, 8).reverse(),
    );
  });

  test('a token is valid only for the request that returned it', async () => {
    const [sessionId, otherId] = [await sessionOf(service, 10), await sessionOf(service, 10)];
    const startTime = new Date(0);
    const { nextPageToken: pageToken } = await service.client.listEvents({
      sessionId,
      pageSize: 3,
      startTime,
    });
    expect(pageToken).not.toBe('');
    const list = (change: object): Promise<unknown> =>
      service.client.listEvents({ sessionId, startTime, pageToken, ...change });
    await list({});
    for (const change of [
      { sessionId: otherId },
      { newestFirst: true },
      { afterSequence: 1 },
      { types: ['speech'] },
      { startTime: new Date(1) },
      { startTime: undefined },
      { endTime: new Date() },
    ]) {
      expect(await invalidFieldsOf(list(change))).toEqual(['page_token']);
    }
  });

  test('altered and invented tokens are invalid', async () => {
    const sessionId = await sessionOf(service, 10);
    const { nextPageToken } = await service.client.listEvents({ sessionId, pageSize: 3 });
    const changed = Array.from(nextPageToken, (character, at) => {
      const other = character === 'A' ? 'B' : 'A';
      return nextPageToken.slice(0, at) + other + nextPageToken.slice(at + 1);
    });
    for (const pageToken of [
      ...changed,
      `${nextPageToken}A`,
      nextPageToken.slice(1),
      '3',
      '💥',
      ' ',
      '[3]',
    ]) {
      expect(await invalidFieldsOf(service.client.listEvents({ sessionId, pageToken }))).toEqual([
        'page_token',
      ]);
    }
  });

  test('all violations are reported at once, and before NOT_FOUND', async () => {
    const request = {
      sessionId: '',
      pageSize: -1,
      afterSequence: -1,
      types: ['ok', ''],
      startTime: new Date(2000),
      endTime: new Date(1000),
      pageToken: 'x',
    };
    expect((await invalidFieldsOf(service.client.listEvents(request))).sort()).toEqual(
      ['session_id', 'page_size', 'after_sequence', 'types[1]', 'end_time', 'page_token'].sort(),
    );
    const error = await failureOf(service.client.listEvents({ sessionId: newId() }));
    expect(error).toMatchObject({ code: Code.NOT_FOUND, info: { reason: 'SESSION_NOT_FOUND' } });
  });
});
