import { SessionStatus } from '../../../generated/conversation/v1/session';
import { invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { statusOfNumber } from '../support/status-of-number';

const { SESSION_STATUS_INITIATED, SESSION_STATUS_ACTIVE, SESSION_STATUS_COMPLETED, SESSION_STATUS_FAILED } =
  SessionStatus;

describeContract('CompleteSession', (service) => {
  test('the session ends at the current time', async () => {
    const sessionId = newId();
    const { session } = await service.client.createSession({ sessionId, metadata: { kept: true } });
    const { session: ended, alreadyCompleted } = await service.other.completeSession({ sessionId });
    expect(alreadyCompleted).toBe(false);
    expect(ended).toEqual({ ...session, status: SESSION_STATUS_COMPLETED, endedAt: ended?.endedAt });
    const endedAt = ended?.endedAt?.getTime() ?? NaN;
    expect(Number.isInteger(endedAt)).toBe(true);
    expect(endedAt).toBeGreaterThanOrEqual(session?.startedAt?.getTime() ?? NaN);
    expect(endedAt).toBeLessThanOrEqual(Date.now());
    expect((await service.client.getSession({ sessionId })).session).toEqual(ended);
  });

  test('the session does not end before events that were added by a clock that is ahead', async () => {
    const sessionId = newId();
    await service.client.createSession({ sessionId });
    const ahead = Date.now() + 3_600_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(ahead);
    const { event } = await service.client
      .addEvent({ sessionId, eventId: 'e1' }, { deadline: Infinity })
      .finally(() => clock.mockRestore());
    expect(event?.timestamp?.getTime()).toBe(ahead);
    const { session } = await service.other.completeSession({ sessionId });
    expect(session?.endedAt).toEqual(event?.timestamp);
    expect((await service.client.getSession({ sessionId })).session).toEqual(session);
  });

  test('the session can end as FAILED, with a reason of any characters', async () => {
    const sessionId = await newSession(service);
    const endReason = 'line dropped\nat 12:04 ☎';
    const reply = await service.client.completeSession({
      sessionId,
      status: SESSION_STATUS_FAILED,
      endReason,
    });
    expect(reply.session).toMatchObject({ status: SESSION_STATUS_FAILED, endReason });
  });

  test('a repeated completion returns the session unchanged', async () => {
    const sessionId = await newSession(service);
    const first = await service.client.completeSession({ sessionId, endReason: 'first' });
    const second = await service.other.completeSession({
      sessionId,
      status: SESSION_STATUS_FAILED,
      endReason: 'second',
    });
    expect(second).toEqual({ session: first.session, alreadyCompleted: true });
  });

  test('one of 32 different concurrent completions wins, and all return its session', async () => {
    const sessionId = await newSession(service);
    const ends = Array.from({ length: 32 }, (_, index) => ({
      status: index % 3 === 0 ? SESSION_STATUS_FAILED : SESSION_STATUS_COMPLETED,
      endReason: `end ${index}`,
    }));
    const replies = await Promise.all(
      ends.map((end, index) =>
        (index % 2 === 0 ? service.client : service.other).completeSession({ sessionId, ...end }),
      ),
    );
    const winners = ends.filter((_, index) => replies[index]?.alreadyCompleted === false);
    expect(winners).toHaveLength(1);
    expect(replies[0]?.session).toMatchObject(winners[0] ?? {});
    for (const { session } of replies) expect(session).toEqual(replies[0]?.session);
  });

  test('a completed session still accepts and counts events', async () => {
    const sessionId = await newSession(service);
    await service.client.addEvent({ sessionId, eventId: 'before' });
    const { session: ended } = await service.client.completeSession({ sessionId });
    const late = await service.other.addEvent({ sessionId, eventId: 'after', type: 'transcript' });
    expect(late).toMatchObject({ duplicate: false, event: { sequence: 2 } });
    const { session, events } = await service.client.getSession({ sessionId });
    expect(session).toEqual({ ...ended, eventCount: 2 });
    expect(events.map(({ eventId }) => eventId)).toEqual(['before', 'after']);
  });

  test.each([SESSION_STATUS_INITIATED, SESSION_STATUS_ACTIVE, statusOfNumber(42), statusOfNumber(-1)])(
    'status %d is rejected',
    async (status) => {
      const sessionId = await newSession(service);
      const call = service.client.completeSession({ sessionId, status });
      expect(await invalidFieldsOf(call)).toEqual(['status']);
      const { session } = await service.client.getSession({ sessionId });
      expect(session?.endedAt).toBeUndefined();
    },
  );
});
