import { createHash } from 'node:crypto';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newSession } from '../support/describe-contract';

/** Returns a token as an attacker can compute it: the digest has no key. */
function forgeToken(scope: readonly unknown[], body: string): string {
  const scopeText = JSON.stringify(['page token', 1, ...scope]);
  const digest = createHash('sha256').update(scopeText).update('\0').update(body).digest().subarray(0, 12);
  return Buffer.concat([digest, Buffer.from(body)]).toString('base64url');
}

const NO_POSITIONS = [
  '',
  '[',
  'null',
  '5',
  '{"a":1}',
  '{"0":1,"length":1}',
  '[]',
  '[[1]]',
  '[null]',
  '["1"]',
];

describeContract('forged page tokens', (service) => {
  test.each([...NO_POSITIONS, '[-5]', '[1.5]', '[1e300]', '[1,2]', '[9007199254740993]'])(
    'ListEvents rejects the content %p',
    async (body) => {
      const sessionId = await newSession(service);
      await service.client.addEvent({ sessionId, eventId: 'event-1' });
      for (const newestFirst of [false, true]) {
        const pageToken = forgeToken(
          ['ListEvents', sessionId, newestFirst, 0, [], undefined, undefined],
          body,
        );
        const call = service.client.listEvents({ sessionId, newestFirst, pageToken });
        expect(await invalidFieldsOf(call)).toEqual(['page_token']);
      }
    },
  );

  test.each([0, 1, 2, Number.MAX_SAFE_INTEGER])(
    'ListEvents stays in the log at position %p',
    async (position) => {
      const sessionId = await newSession(service);
      await service.client.addEvent({ sessionId, eventId: 'event-1' });
      const token = (newestFirst: boolean): string =>
        forgeToken(['ListEvents', sessionId, newestFirst, 0, [], undefined, undefined], `[${position}]`);
      const forward = await service.client.listEvents({ sessionId, pageToken: token(false) });
      expect(forward.events).toHaveLength(position === 0 ? 1 : 0);
      const backward = await service.client.listEvents({
        sessionId,
        newestFirst: true,
        pageToken: token(true),
      });
      expect(backward.events).toHaveLength(position === 0 ? 0 : 1);
    },
  );

  test.each([
    ...NO_POSITIONS,
    ...['[1]', '[1,2]', '["1","session-1"]', '[1,""]', '[-1,"session-1"]', '[8.7e15,"session-1"]'],
    ...['[1,"session-1",1]', '[1.5,"session-1"]', String.raw`[1,"a\u0000b"]`, String.raw`[1,"\ud800"]`],
    `[1,"${'x'.repeat(257)}"]`,
  ])('ListSessions rejects the content %p', async (body) => {
    const pageToken = forgeToken(['ListSessions', undefined, '', undefined, undefined], body);
    expect(await invalidFieldsOf(service.client.listSessions({ pageToken }))).toEqual(['page_token']);
    expect(await failureOf(service.client.listSessions({ pageToken }))).toMatchObject({
      info: { reason: 'INVALID_REQUEST' },
    });
  });
});
