import { status as Code } from '@grpc/grpc-js';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';

describeContract('GetEvent', (service) => {
  test('returns the complete event as it was added', async () => {
    const sessionId = await newSession(service);
    const payload = { text: 'hello', words: [{ word: 'hello', ms: 20 }], none: null };
    const added = await service.client.addEvent({ sessionId, eventId: 'e1', type: 'speech', payload });
    expect(await service.other.getEvent({ sessionId, eventId: 'e1' })).toEqual({ event: added.event });
    expect(added.event?.payload).toEqual(payload);
  });

  test('returns the payload of an event from a batch, whose reply has none', async () => {
    const sessionId = await newSession(service);
    const payload = { text: 'in a batch' };
    await service.client.batchAddEvents({
      sessionId,
      events: [{ eventId: 'e1' }, { eventId: 'e2', payload }],
    });
    const { event } = await service.client.getEvent({ sessionId, eventId: 'e2' });
    expect(event).toMatchObject({ sequence: 2, payload });
  });

  test('an event of another session is NOT_FOUND', async () => {
    const [sessionId, otherId] = [await newSession(service), await newSession(service)];
    await service.client.addEvent({ sessionId: otherId, eventId: 'event-9' });
    const error = await failureOf(service.client.getEvent({ sessionId, eventId: 'event-9' }));
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      details: `Event with ID event-9 not found in session ${sessionId}`,
      info: { reason: 'EVENT_NOT_FOUND' },
    });
  });

  test('an event of an unknown session is NOT_FOUND', async () => {
    const sessionId = newId();
    const error = await failureOf(service.client.getEvent({ sessionId, eventId: 'e1' }));
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      details: `Session with ID ${sessionId} not found`,
      info: { reason: 'SESSION_NOT_FOUND' },
    });
  });

  test('the IDs are validated', async () => {
    expect(await invalidFieldsOf(service.client.getEvent({ sessionId: '', eventId: 'a\n' }))).toEqual([
      'session_id',
      'event_id',
    ]);
  });
});
