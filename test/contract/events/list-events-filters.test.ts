import type { Event } from '../../../generated/conversation/v1/event';
import { describeContract, newSession } from '../support/describe-contract';
import { listAll, range, sequencesOf, newSessionWithEvents, TYPES } from '../support/listed-events';

describeContract('ListEvents with filters', (service) => {
  test.each([0, 1, 59, 60, 61, 1_000_000])(
    'after_sequence %i returns only later events',
    async (afterSequence) => {
      const sessionId = await newSessionWithEvents(service, 60);
      const expected = range(afterSequence + 1, 60);
      for (const pageSize of [7, 0]) {
        expect(sequencesOf(await listAll(service, sessionId, { afterSequence, pageSize }))).toEqual(expected);
        const newest = await listAll(service, sessionId, { afterSequence, pageSize, newestFirst: true });
        expect(sequencesOf(newest)).toEqual([...expected].reverse());
      }
    },
  );

  test('types returns only events of those types', async () => {
    const sessionId = await newSessionWithEvents(service, 100);
    const expected = range(1, 100).filter((n) => TYPES[n % 3] !== 'metric');
    const types = ['dtmf', 'speech', 'dtmf', 'unheard of'];
    for (const newestFirst of [false, true]) {
      const listed = sequencesOf(await listAll(service, sessionId, { types, pageSize: 9, newestFirst }));
      expect(newestFirst ? listed.reverse() : listed).toEqual(expected);
    }
    expect(await listAll(service, sessionId, { types: ['none'] })).toEqual([]);
  });

  test('a page filtered by type scans a limited part of the log, and the next page continues after it', async () => {
    const sessionId = await newSessionWithEvents(service, 12_000);
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
});
