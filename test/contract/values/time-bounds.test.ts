import { status as Code } from '@grpc/grpc-js';
import { SessionServiceService } from '../../../generated/conversation/v1/session_service';
import { PreciseDate } from '../../../src/core/precise-date';
import { failureOf } from '../../support/call-error';
import { bytesField, intField } from '../../support/wire';
import { describeContract, newId, newSession } from '../support/describe-contract';

const { listEvents, listSessions } = SessionServiceService;

const MAX_SECONDS = 253_402_300_799;
const MIN_SECONDS = -62_135_596_800;

const timestamp = (seconds: number | bigint, nanos: number): Buffer =>
  Buffer.concat([intField(1, seconds), intField(2, nanos)]);

/** The time this many nanoseconds after a millisecond; negative: before it. */
function shifted(time: Date, nanos: number): Date {
  if (nanos === 0) return time;
  return nanos > 0
    ? new PreciseDate(time.getTime(), nanos)
    : new PreciseDate(time.getTime() - 1, 1e6 + nanos);
}

describeContract('bounds of time', (service) => {
  const inRange = 'must be a time in the years 1 to 9999, with 0 to 999,999,999 nanoseconds';

  test('are compared with stored times as they are given, to the nanosecond', async () => {
    const language = `x-${newId().slice(3, 11)}`;
    const sessionId = newId();
    await service.client.createSession({ sessionId, language });
    await service.client.addEvent({ sessionId, eventId: 'e' });
    const { session, events } = await service.client.getSession({ sessionId });
    const [startedAt, storedAt] = [session?.startedAt, events[0]?.timestamp];
    if (startedAt === undefined || storedAt === undefined) throw new Error('a time is missing');
    const count = async (from: number | undefined, before: number | undefined): Promise<number[]> => {
      const bound = (time: Date, nanos: number | undefined): Date | undefined =>
        nanos === undefined ? undefined : shifted(time, nanos);
      const { sessions } = await service.other.listSessions({
        ...{ language, startedAfter: bound(startedAt, from), startedBefore: bound(startedAt, before) },
      });
      const { events: listed } = await service.other.listEvents({
        ...{ sessionId, startTime: bound(storedAt, from), endTime: bound(storedAt, before) },
      });
      return [sessions.length, listed.length];
    };
    for (const from of [-1_000_000, -999_999, -1, 0]) expect(await count(from, undefined)).toEqual([1, 1]);
    for (const from of [1, 500_000, 999_999]) expect(await count(from, undefined)).toEqual([0, 0]);
    for (const before of [1, 500_000, 999_999]) expect(await count(undefined, before)).toEqual([1, 1]);
    for (const before of [-1_000_000, -999_999, -1, 0])
      expect(await count(undefined, before)).toEqual([0, 0]);
    expect(await count(-1, 1)).toEqual([1, 1]);
    expect(await count(1, 2)).toEqual([0, 0]);
  });

  test('an inverted range within a millisecond is invalid', async () => {
    const sessionId = await newSession(service);
    for (const ms of [Date.now(), 0, -1, -1500, MIN_SECONDS * 1000]) {
      const [start, end] = [new PreciseDate(ms, 2), new PreciseDate(ms, 1)];
      const events = await failureOf(
        service.client.listEvents({ sessionId, startTime: start, endTime: end }),
      );
      expect(events.violations).toEqual([
        { field: 'end_time', description: 'must not be before start_time' },
      ]);
      const sessions = await failureOf(
        service.client.listSessions({ startedAfter: start, startedBefore: end }),
      );
      expect(sessions.violations).toEqual([
        { field: 'started_before', description: 'must not be before started_after' },
      ]);
      await service.client.listEvents({ sessionId, startTime: end, endTime: start });
      await service.client.listSessions({ startedAfter: start, startedBefore: start });
    }
  });

  test.each([
    { name: 'the year 10000', seconds: MAX_SECONDS + 1, nanos: 0 },
    { name: 'the year 0', seconds: MIN_SECONDS - 1, nanos: 999_999_999 },
    { name: 'seconds beyond a Date', seconds: 2 ** 52, nanos: 0 },
    { name: 'seconds beyond 2^53', seconds: 2n ** 62n, nanos: 0 },
    { name: 'the smallest number of seconds', seconds: -(2n ** 63n), nanos: 0 },
    { name: 'nanos of 1e9', seconds: 1_700_000_000, nanos: 1_000_000_000 },
    { name: 'nanos of -1', seconds: 1_700_000_000, nanos: -1 },
    { name: 'nanos of -1 and no seconds', seconds: 0, nanos: -1 },
  ])('$name is a violation of the field that has it', async ({ seconds, nanos }) => {
    const sessionId = await newSession(service);
    for (const [method, number, field] of [
      [listEvents, 7, 'start_time'],
      [listEvents, 8, 'end_time'],
      [listSessions, 5, 'started_after'],
      [listSessions, 6, 'started_before'],
    ] as const) {
      const id = method === listEvents ? bytesField(1, sessionId) : Buffer.alloc(0);
      const bytes = Buffer.concat([id, bytesField(number, timestamp(seconds, nanos))]);
      const error = await failureOf(service.client.sendBytes(method.path, bytes));
      expect(error.code).toBe(Code.INVALID_ARGUMENT);
      expect(error.violations).toEqual([{ field, description: inRange }]);
    }
    const both = Buffer.concat([
      ...[bytesField(1, sessionId), bytesField(7, timestamp(seconds, nanos))],
      bytesField(8, timestamp(seconds, nanos)),
    ]);
    const error = await failureOf(service.client.sendBytes(listEvents.path, both));
    expect(error.violations?.map(({ field }) => field)).toEqual(['start_time', 'end_time']);
  });

  test('the first and the last time are valid', async () => {
    const sessionId = await newSession(service);
    await service.client.addEvent({ sessionId, eventId: 'e' });
    const list = async (start: Buffer, end: Buffer): Promise<void> => {
      const events = [bytesField(1, sessionId), bytesField(7, start), bytesField(8, end)];
      await service.client.sendBytes(listEvents.path, Buffer.concat(events));
      const sessions = [bytesField(5, start), bytesField(6, end)];
      await service.client.sendBytes(listSessions.path, Buffer.concat(sessions));
    };
    const [first, last] = [timestamp(MIN_SECONDS, 0), timestamp(MAX_SECONDS, 999_999_999)];
    await list(first, last);
    await list(first, first);
    await list(last, last);
  });

  test('a page token is tied to the times', async () => {
    const sessionId = await newSession(service);
    await service.client.batchAddEvents({ sessionId, events: [{ eventId: 'a' }, { eventId: 'b' }] });
    const startTime = new PreciseDate(0, 1);
    const { nextPageToken: pageToken } = await service.client.listEvents({
      ...{ sessionId, startTime, pageSize: 1 },
    });
    const { events } = await service.client.listEvents({ sessionId, startTime, pageToken });
    expect(events.map(({ eventId }) => eventId)).toEqual(['b']);
    const other = await failureOf(
      service.client.listEvents({ sessionId, startTime: new Date(0), pageToken }),
    );
    expect(other.violations?.map(({ field }) => field)).toEqual(['page_token']);
  });
});
