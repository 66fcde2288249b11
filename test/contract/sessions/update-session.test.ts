import { status as Code } from '@grpc/grpc-js';
import { type Session, SessionStatus } from '../../../generated/conversation/v1/session';
import { LIMITS } from '../../../src/core/limits';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { expectSameJson, NASTY_KEYS } from '../../support/nasty-json';
import { describeContract, newId } from '../support/describe-contract';
import { statusOfNumber } from '../support/status-of-number';
import { structOfSize } from '../support/struct-of-size';

const {
  SESSION_STATUS_ACTIVE: ACTIVE,
  SESSION_STATUS_COMPLETED: COMPLETED,
  SESSION_STATUS_FAILED: FAILED,
  SESSION_STATUS_INITIATED: INITIATED,
  SESSION_STATUS_UNSPECIFIED: UNSPECIFIED,
} = SessionStatus;

describeContract('UpdateSession', (service) => {
  async function create(fields: Partial<Session> = {}): Promise<Session> {
    const { session } = await service.client.createSession({
      sessionId: newId(),
      language: 'en',
      status: fields.status ?? INITIATED,
      metadata: fields.metadata ?? { a: 1, b: { c: [2] } },
    });
    if (session === undefined) throw new Error('no session was created');
    return session;
  }

  const read = async (sessionId: string): Promise<Session | undefined> =>
    (await service.other.getSession({ sessionId })).session;

  test('only the fields in the mask are changed', async () => {
    const session = await create();
    const { sessionId } = session;
    const wanted = { sessionId, status: ACTIVE, language: 'de', metadata: { z: null } };
    const byStatus = await service.client.updateSession(wanted, ['status']);
    expect(byStatus.session).toEqual({ ...session, status: ACTIVE });
    const byLanguage = await service.client.updateSession(wanted, ['language']);
    expect(byLanguage.session).toEqual({ ...session, status: ACTIVE, language: 'de' });
    const byMetadata = await service.client.updateSession(wanted, ['metadata']);
    expect(byMetadata.session).toEqual({ ...session, status: ACTIVE, language: 'de', metadata: { z: null } });
    expect(await read(sessionId)).toEqual(byMetadata.session);
  });

  test('several fields can be changed at once', async () => {
    const { sessionId } = await create();
    const wanted = { sessionId, status: ACTIVE, language: 'fr', metadata: { k: 'v' } };
    const { session } = await service.client.updateSession(wanted, [
      'status',
      'language',
      'metadata',
      'status',
    ]);
    expect(session).toMatchObject(wanted);
  });

  test('without a mask the populated fields are changed; if there are none, nothing changes', async () => {
    const session = await create();
    const { sessionId } = session;
    const { session: changed } = await service.client.updateSession({ sessionId, language: 'it' });
    expect(changed).toEqual({ ...session, language: 'it' });
    const { session: same } = await service.client.updateSession({ sessionId }, []);
    expect(same).toEqual(changed);
  });

  test('a session can be written back as it was read', async () => {
    const session = await create();
    await service.client.addEvent({ sessionId: session.sessionId, eventId: 'e1' });
    await service.client.completeSession({ sessionId: session.sessionId, status: FAILED, endReason: 'lost' });
    const before = await read(session.sessionId);
    if (before === undefined) throw new Error('the session was not returned');
    expect((await service.client.updateSession(before)).session).toEqual(before);
    const named = ['status', 'language', 'metadata'];
    expect((await service.client.updateSession(before, named)).session).toEqual(before);
  });

  test('metadata.KEY sets a single key; KEY is everything after the first dot', async () => {
    const { sessionId } = await create();
    const metadata = { a: 'new', 'x.y': { z: true }, '': [null], '__proto__.k': 0, not: 'named' };
    const mask = ['metadata.a', 'metadata.x.y', 'metadata.'];
    const { session } = await service.client.updateSession({ sessionId, metadata }, mask);
    expectSameJson(session?.metadata, { a: 'new', b: { c: [2] }, 'x.y': { z: true }, '': [null] });
    expectSameJson((await read(sessionId))?.metadata, session?.metadata);
  });

  test.each(NASTY_KEYS)('key %j can be set and read', async (key) => {
    const { sessionId } = await create({ metadata: {} });
    const metadata = JSON.parse(`{${JSON.stringify(key)}:{"n":1}}`) as Record<string, unknown>;
    await service.client.updateSession({ sessionId, metadata }, [`metadata.${key}`]);
    expectSameJson((await read(sessionId))?.metadata, metadata);
  });

  test('a key without a value in the request is invalid, and nothing changes', async () => {
    const session = await create();
    const { sessionId } = session;
    const wanted = { sessionId, language: 'nl', metadata: { fooBar: 1 } };
    const update = service.client.updateSession(wanted, ['language', 'metadata.foo_bar']);
    expect(await invalidFieldsOf(update)).toEqual(['update_mask']);
    expect(await read(sessionId)).toEqual(session);
  });

  test.each([
    '*',
    'session_id',
    'started_at',
    'event_count',
    'expires_at',
    'session.language',
    'unknown',
    '',
  ])('mask path %j is invalid', async (path) => {
    const session = await create();
    const update = service.client.updateSession({ ...session, language: 'nl' }, ['language', path]);
    expect(await invalidFieldsOf(update)).toEqual(['update_mask']);
    expect(await read(session.sessionId)).toEqual(session);
  });

  test('an invalid value for a key is one violation', async () => {
    const session = await create();
    const update = (metadata: Record<string, unknown>, mask: string[]): Promise<unknown> =>
      service.client.updateSession({ sessionId: session.sessionId, metadata }, mask);
    for (const invalid of [NaN, undefined]) {
      const mask = ['metadata.d', 'metadata.e'];
      expect(await invalidFieldsOf(update({ d: invalid, e: 1 }, mask))).toEqual(['session.metadata']);
      expect(await invalidFieldsOf(update({ d: invalid }, [...mask, 'x']))).toEqual([
        'session.metadata',
        'update_mask',
      ]);
    }
    expect(await read(session.sessionId)).toEqual(session);
  });

  test('long paths are shortened in the violations', async () => {
    const session = await create();
    const long = 'p'.repeat(200_000);
    const update = service.client.updateSession(session, [long, `metadata.${long}`]);
    const error = await failureOf(update);
    expect(error.violations).toEqual([
      {
        field: 'update_mask',
        description: expect.stringMatching(/^must name status, .*; got p{200,}…$/) as string,
      },
      {
        field: 'update_mask',
        description: expect.stringMatching(/^names metadata\.p{200,}…, which is not in /) as string,
      },
    ]);
  });

  test.each([
    { from: INITIATED, to: INITIATED, becomes: INITIATED },
    { from: INITIATED, to: ACTIVE, becomes: ACTIVE },
    { from: ACTIVE, to: ACTIVE, becomes: ACTIVE },
  ])('the status can change from $from to $to', async ({ from, to, becomes }) => {
    const { sessionId } = await create({ status: from });
    const { session } = await service.client.updateSession({ sessionId, status: to }, ['status']);
    expect(session?.status).toBe(becomes);
  });

  test.each([
    { from: INITIATED, to: COMPLETED },
    { from: INITIATED, to: FAILED },
    { from: ACTIVE, to: INITIATED },
    { from: ACTIVE, to: COMPLETED },
    { from: ACTIVE, to: UNSPECIFIED },
    { from: ACTIVE, to: statusOfNumber(7) },
  ])('the status cannot change from $from to $to', async ({ from, to }) => {
    const session = await create({ status: from });
    const { sessionId } = session;
    const update = service.client.updateSession({ sessionId, status: to, language: 'nl' }, [
      'status',
      'language',
    ]);
    expect(await invalidFieldsOf(update)).toEqual(['session.status']);
    expect(await read(sessionId)).toEqual(session);
  });

  test('an ended session’s status is final; its language and metadata can change', async () => {
    const { sessionId } = await create();
    const { session: ended } = await service.client.completeSession({ sessionId });
    for (const status of [INITIATED, ACTIVE, FAILED]) {
      const update = service.client.updateSession({ sessionId, status, language: 'nl' });
      expect(await failureOf(update)).toMatchObject({
        code: Code.FAILED_PRECONDITION,
        info: { reason: 'SESSION_ENDED' },
      });
    }
    expect(await read(sessionId)).toEqual(ended);
    const { session } = await service.client.updateSession({ sessionId, language: 'nl', metadata: {} });
    expect(session).toEqual({ ...ended, language: 'nl', metadata: {} });
  });

  test('concurrent updates through both servers all take effect', async () => {
    const { sessionId } = await create({ metadata: {} });
    const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await Promise.all(
      keys.map((key, index) => {
        const client = index % 2 === 0 ? service.client : service.other;
        return client.updateSession({ sessionId, metadata: { [key]: index } }, [`metadata.${key}`]);
      }),
    );
    const expected = Object.fromEntries(keys.map((key, index) => [key, index]));
    expectSameJson((await read(sessionId))?.metadata, expected);
  });

  test('a concurrent update and completion both take effect', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { sessionId } = await create();
      await Promise.all([
        service.client.updateSession({ sessionId, language: 'pt' }),
        service.other.completeSession({ sessionId, endReason: 'over' }),
      ]);
      expect(await read(sessionId)).toMatchObject({ status: COMPLETED, language: 'pt', endReason: 'over' });
    }
  });

  test('an update that would exceed the metadata limit is invalid, and nothing changes', async () => {
    const session = await create({ metadata: structOfSize(LIMITS.metadataBytes - 100) });
    const metadata = { more: 'x'.repeat(100) };
    const { sessionId } = session;
    const update = service.client.updateSession({ sessionId, metadata }, ['metadata.more']);
    expect(await invalidFieldsOf(update)).toEqual(['session.metadata']);
    expect(await read(sessionId)).toEqual(session);
  });

  test('all violations are reported at once, before NOT_FOUND', async () => {
    const malformed = {
      sessionId: '',
      language: 'no language',
      metadata: structOfSize(LIMITS.metadataBytes + 1),
    };
    expect(await invalidFieldsOf(service.client.updateSession(malformed))).toEqual([
      'session.session_id',
      'session.metadata',
      'session.language',
    ]);
    const sessionId = newId();
    const error = await failureOf(service.client.updateSession({ sessionId, language: 'en' }));
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      details: `Session with ID ${sessionId} not found`,
      info: { reason: 'SESSION_NOT_FOUND' },
    });
  });
});
