import { status as Code } from '@grpc/grpc-js';
import { SessionStatus } from '../../../generated/conversation/v1/session';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { statusOfNumber } from '../support/status-of-number';

/** A number that is not in the status enum. */
const UNKNOWN_STATUS = statusOfNumber(42);

describeContract('errors', (service) => {
  test.each(['getSession', 'completeSession', 'addEvent'] as const)(
    '%s of an unknown session is NOT_FOUND, and the error contains its ID',
    async (rpc) => {
      const sessionId = 'session-999';
      const error = await failureOf(service.client[rpc]({ sessionId, eventId: 'one' }));
      const details = 'Session with ID session-999 not found';
      expect(error).toMatchObject({
        code: Code.NOT_FOUND,
        details,
        status: { code: Code.NOT_FOUND, message: details },
        info: {
          domain: 'conversation.v1',
          reason: 'SESSION_NOT_FOUND',
          metadata: { session_id: sessionId },
        },
        violations: undefined,
        retry: undefined,
      });
    },
  );

  test('the message contains the ID unchanged, in any script', async () => {
    const sessionId = `sitzung-${newId()}-ü-通話-\u{1f4de}`;
    const error = await failureOf(service.client.getSession({ sessionId }));
    expect(error.details).toBe(`Session with ID ${sessionId} not found`);
    expect(error.info?.metadata).toEqual({ session_id: sessionId });
  });

  test('CreateSession reports all violations at once', async () => {
    const call = service.client.createSession({
      sessionId: '',
      language: 'en_US',
      status: UNKNOWN_STATUS,
      metadata: { a: NaN, b: undefined, 'c\0': 1 },
    });
    expect(await invalidFieldsOf(call)).toEqual([
      ...['session_id', 'language', 'status'],
      ...['metadata', 'metadata', 'metadata'],
    ]);
  });

  test('AddEvent reports all violations at once', async () => {
    const call = service.client.addEvent({ sessionId: '', eventId: 'a\nb', type: '', payload: { a: NaN } });
    expect(await invalidFieldsOf(call)).toEqual(['session_id', 'event_id', 'type', 'payload']);
  });

  test('CompleteSession reports all violations at once', async () => {
    const call = service.client.completeSession({
      sessionId: '\0',
      status: SessionStatus.SESSION_STATUS_ACTIVE,
      endReason: 'x'.repeat(257),
    });
    expect(await invalidFieldsOf(call)).toEqual(['session_id', 'status', 'end_reason']);
  });

  test('GetSession reports all violations at once', async () => {
    const call = service.client.getSession({ sessionId: 'x'.repeat(257), offset: -5, limit: -1 });
    expect(await invalidFieldsOf(call)).toEqual(['session_id', 'offset', 'limit']);
  });

  test('the message and each violation state the rule', async () => {
    const error = await failureOf(service.client.completeSession({ sessionId: '', status: UNKNOWN_STATUS }));
    expect(error.details).toBe(
      'invalid request: session_id must be 1 to 256 bytes of UTF-8; got 0; status must be completed, failed or unset (completed)',
    );
    expect(error.violations).toEqual([
      { field: 'session_id', description: 'must be 1 to 256 bytes of UTF-8; got 0' },
      { field: 'status', description: 'must be completed, failed or unset (completed)' },
    ]);
  });

  test('invalid arguments are reported before missing resources', async () => {
    const sessionId = newId();
    const { client } = service;
    expect(await invalidFieldsOf(client.getSession({ sessionId, limit: -1 }))).toEqual(['limit']);
    expect(await invalidFieldsOf(client.completeSession({ sessionId, status: UNKNOWN_STATUS }))).toEqual([
      'status',
    ]);
    expect(await invalidFieldsOf(client.addEvent({ sessionId, eventId: '' }))).toEqual(['event_id']);
  });

  test('invalid arguments are reported before duplicates and ended sessions', async () => {
    const sessionId = await newSession(service);
    await service.client.addEvent({ sessionId, eventId: 'one' });
    await service.client.completeSession({ sessionId });
    const { client } = service;
    expect(await invalidFieldsOf(client.createSession({ sessionId, language: '' }))).toEqual(['language']);
    expect(await invalidFieldsOf(client.addEvent({ sessionId, eventId: 'one', type: '' }))).toEqual(['type']);
    expect(
      await invalidFieldsOf(
        client.completeSession({ sessionId, status: SessionStatus.SESSION_STATUS_INITIATED }),
      ),
    ).toEqual(['status']);
  });

  test('an unknown method gets the library’s UNIMPLEMENTED', async () => {
    const error = await failureOf(
      service.client.sendBytes('/conversation.v1.SessionService/Nothing', Buffer.alloc(0)),
    );
    expect(error.code).toBe(Code.UNIMPLEMENTED);
  });
});
