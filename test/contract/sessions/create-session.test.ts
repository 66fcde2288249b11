import { SessionStatus } from '../../../generated/conversation/v1/session';
import { invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId } from '../support/describe-contract';
import { statusOfNumber } from '../support/status-of-number';

const { SESSION_STATUS_INITIATED, SESSION_STATUS_ACTIVE, SESSION_STATUS_COMPLETED, SESSION_STATUS_FAILED } =
  SessionStatus;

describeContract('CreateSession', (service) => {
  test('a new session has the requested values and the defaults', async () => {
    const sessionId = newId();
    const before = Date.now();
    const { session, created } = await service.client.createSession({ sessionId, language: 'de-CH-1996' });
    const after = Date.now();
    expect(created).toBe(true);
    expect(session).toEqual({
      sessionId,
      status: SESSION_STATUS_INITIATED,
      language: 'de-CH-1996',
      startedAt: session?.startedAt,
      endedAt: undefined,
      metadata: {},
      eventCount: 0,
      endReason: '',
    });
    const startedAt = session?.startedAt?.getTime() ?? NaN;
    expect(Number.isInteger(startedAt)).toBe(true);
    expect(startedAt).toBeGreaterThanOrEqual(before);
    expect(startedAt).toBeLessThanOrEqual(after);
  });

  test('another server reads the same session', async () => {
    const sessionId = newId();
    const metadata = { caller: '+41 44 668 18 00', tries: 2 };
    const { session } = await service.client.createSession({
      sessionId,
      status: SESSION_STATUS_ACTIVE,
      metadata,
    });
    expect(session).toMatchObject({ status: SESSION_STATUS_ACTIVE, metadata });
    const read = await service.other.getSession({ sessionId });
    expect(read.session).toEqual(session);
  });

  test('a repeated create returns the session unchanged, whatever it requests', async () => {
    const sessionId = newId();
    const first = await service.client.createSession({ sessionId, metadata: { first: true } });
    const second = await service.other.createSession({
      sessionId,
      language: 'fr',
      status: SESSION_STATUS_ACTIVE,
      metadata: { second: true },
    });
    expect(second).toEqual({ session: first.session, created: false });
  });

  test('a repeated create after events and completion returns the current session', async () => {
    const sessionId = newId();
    await service.client.createSession({ sessionId });
    await service.client.addEvent({ sessionId, eventId: 'one' });
    const { session } = await service.client.completeSession({ sessionId, endReason: 'hang-up' });
    const repeat = await service.other.createSession({ sessionId, status: SESSION_STATUS_ACTIVE });
    expect(repeat).toEqual({ session, created: false });
    expect(repeat.session).toMatchObject({ status: SESSION_STATUS_COMPLETED, eventCount: 1 });
  });

  test('one of 64 different concurrent creates wins, and all return its session', async () => {
    const sessionId = newId();
    const replies = await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).createSession({
          sessionId,
          language: index % 3 === 0 ? 'en' : 'de',
          status: index % 5 === 0 ? SESSION_STATUS_ACTIVE : SESSION_STATUS_INITIATED,
          metadata: { index },
        }),
      ),
    );
    const creators = replies.flatMap(({ created }, index) => (created ? [index] : []));
    expect(creators).toHaveLength(1);
    const [index = NaN] = creators;
    expect(replies[0]?.session).toMatchObject({
      language: index % 3 === 0 ? 'en' : 'de',
      status: index % 5 === 0 ? SESSION_STATUS_ACTIVE : SESSION_STATUS_INITIATED,
      metadata: { index },
    });
    for (const { session } of replies) expect(session).toEqual(replies[0]?.session);
    expect((await service.other.getSession({ sessionId })).session).toEqual(replies[0]?.session);
  });

  test('IDs that differ in case, Unicode normalization form or trailing characters are different sessions', async () => {
    const base = newId();
    const ids = [base, base.toUpperCase(), `${base} `, `${base}\u00e9`, `${base}e\u0301`, `${base}\u00a0`];
    for (const sessionId of ids) {
      const { session, created } = await service.client.createSession({ sessionId });
      expect(created).toBe(true);
      expect(session?.sessionId).toBe(sessionId);
    }
  });

  test.each([SESSION_STATUS_COMPLETED, SESSION_STATUS_FAILED, statusOfNumber(99), statusOfNumber(-1)])(
    'status %d is rejected',
    async (status) => {
      const sessionId = newId();
      expect(await invalidFieldsOf(service.client.createSession({ sessionId, status }))).toEqual(['status']);
    },
  );

  test.each(['en', 'en-US', 'zh-Hant-TW', 'x-whatever', 'i-klingon', 'sl-rozaj-biske', 'en-a-bbb-x-a-ccc'])(
    'language %s is stored as given',
    async (language) => {
      const { session } = await service.client.createSession({ sessionId: newId(), language });
      expect(session?.language).toBe(language);
    },
  );

  test.each(['', 'e', 'en_US', 'en-', 'toolonglanguage', 'a-DE', 'en\n', 'en-US '])(
    'language %j is rejected',
    async (language) => {
      const call = service.client.createSession({ sessionId: newId(), language });
      expect(await invalidFieldsOf(call)).toEqual(['language']);
    },
  );
});
