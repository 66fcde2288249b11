import { status as Code } from '@grpc/grpc-js';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { listAll, range, sequencesOf, newSessionWithEvents } from '../support/listed-events';

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
    const sessionId = await newSessionWithEvents(service, 120);
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
    const sessionId = await newSessionWithEvents(service, 20);
    const page = await service.client.listEvents({ sessionId, pageSize: 20 });
    expect(page).toMatchObject({ nextPageToken: '' });
    expect(page.events).toHaveLength(20);
  });

  test('the page size may change between pages', async () => {
    const sessionId = await newSessionWithEvents(service, 20);
    const { nextPageToken } = await service.client.listEvents({ sessionId, pageSize: 5 });
    const page = await service.other.listEvents({ sessionId, pageSize: 10, pageToken: nextPageToken });
    expect(sequencesOf(page.events)).toEqual(range(6, 15));
  });

  test('each event is listed once, in both directions, while four writers append', async () => {
    const sessionId = await newSessionWithEvents(service, 100);
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
    const [sessionId, otherId] = [
      await newSessionWithEvents(service, 10),
      await newSessionWithEvents(service, 10),
    ];
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
    const sessionId = await newSessionWithEvents(service, 10);
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
