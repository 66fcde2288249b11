import { status as Code } from '@grpc/grpc-js';
import { failureOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';

describeContract('AddEvent', (service) => {
  test('a new event has the values sent, the next sequence and the current time', async () => {
    const sessionId = await newSession(service);
    const before = Date.now();
    const { event, duplicate, payloadMismatch } = await service.client.addEvent({
      sessionId,
      eventId: 'greeting',
      type: 'transcript',
      payload: { text: 'Grüezi', confidence: 0.93 },
    });
    const after = Date.now();
    expect({ duplicate, payloadMismatch }).toEqual({ duplicate: false, payloadMismatch: false });
    expect(event).toEqual({
      eventId: 'greeting',
      sessionId,
      sequence: 1,
      type: 'transcript',
      payload: { text: 'Grüezi', confidence: 0.93 },
      timestamp: event?.timestamp,
    });
    const timestamp = event?.timestamp?.getTime() ?? NaN;
    expect(Number.isInteger(timestamp)).toBe(true);
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(after);
    const { events } = await service.other.getSession({ sessionId });
    expect(events).toEqual([event]);
  });

  test('a missing payload is stored as {}', async () => {
    const sessionId = await newSession(service);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'bare' });
    expect(event?.payload).toEqual({});
  });

  test('a repeated add returns the stored event, through both servers', async () => {
    const sessionId = await newSession(service);
    const request = { sessionId, eventId: 'one', payload: { a: 1 } };
    const { event } = await service.client.addEvent(request);
    await service.client.addEvent({ sessionId, eventId: 'two' });
    for (const client of [service.client, service.other]) {
      expect(await client.addEvent(request)).toEqual({ event, duplicate: true, payloadMismatch: false });
    }
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(2);
  });

  test('a repeated add after completion is a duplicate too', async () => {
    const sessionId = await newSession(service);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one' });
    await service.client.completeSession({ sessionId });
    expect(await service.other.addEvent({ sessionId, eventId: 'one' })).toMatchObject({
      event,
      duplicate: true,
    });
  });

  test('the same event ID in another session is another event', async () => {
    const [first, second] = [await newSession(service), await newSession(service)];
    await service.client.addEvent({ sessionId: first, eventId: 'one' });
    const { duplicate, event } = await service.client.addEvent({ sessionId: second, eventId: 'one' });
    expect(duplicate).toBe(false);
    expect(event?.sequence).toBe(1);
  });

  test('IDs that are equal when concatenated are different events', async () => {
    const base = newId();
    const pairs = [
      { sessionId: base, eventId: 'a b' },
      { sessionId: `${base} a`, eventId: 'b' },
    ];
    for (const pair of pairs) {
      await service.client.createSession(pair);
      expect((await service.client.addEvent(pair)).duplicate).toBe(false);
    }
  });

  test('an unknown session is NOT_FOUND, and is not created', async () => {
    const sessionId = newId();
    for (const attempt of [1, 2]) {
      const error = await failureOf(service.client.addEvent({ sessionId, eventId: `e${attempt}` }));
      expect(error.code).toBe(Code.NOT_FOUND);
    }
    const { created, session } = await service.other.createSession({ sessionId });
    expect({ created, eventCount: session?.eventCount }).toEqual({ created: true, eventCount: 0 });
    const { event } = await service.client.addEvent({ sessionId, eventId: 'e1' });
    expect(event?.sequence).toBe(1);
  });

  test('one of 64 concurrent adds of one event stores it, and all return it', async () => {
    const sessionId = await newSession(service);
    const requests = Array.from({ length: 64 }, (_, index) => ({
      sessionId,
      eventId: 'one',
      type: index % 7 === 0 ? 'dtmf' : 'transcript',
      payload: { variant: index % 4 },
    }));
    const replies = await Promise.all(
      requests.map((request, index) => (index % 2 === 0 ? service.client : service.other).addEvent(request)),
    );
    expect(replies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    const stored = replies[0]?.event;
    for (const [index, { event, duplicate, payloadMismatch }] of replies.entries()) {
      expect(event).toEqual(stored);
      const request = requests[index];
      const differs = request?.type !== stored?.type || request?.payload.variant !== stored?.payload?.variant;
      expect(payloadMismatch).toBe(differs);
      if (!duplicate) expect(differs).toBe(false);
    }
    const { events } = await service.other.getSession({ sessionId });
    expect(events).toEqual([stored]);
    expect(stored?.sequence).toBe(1);
  });

  test.each([
    { name: 'the same', first: { a: 1, b: [null] }, second: { a: 1, b: [null] }, mismatch: false },
    { name: 'keys in another order', first: { a: 1, b: 2 }, second: { b: 2, a: 1 }, mismatch: false },
    {
      name: 'nested keys in another order',
      first: { o: [{ a: 1, b: 2 }] },
      second: { o: [{ b: 2, a: 1 }] },
      mismatch: false,
    },
    { name: 'absent against {}', first: undefined, second: {}, mismatch: false },
    { name: '{} against absent', first: {}, second: undefined, mismatch: false },
    { name: '-0 against 0', first: { n: -0 }, second: { n: 0 }, mismatch: false },
    { name: '0 against -0', first: { n: [0] }, second: { n: [-0] }, mismatch: false },
    {
      name: 'the same __proto__',
      first: json('{"__proto__":1}'),
      second: json('{"__proto__":1}'),
      mismatch: false,
    },
    { name: 'another value', first: { a: 1 }, second: { a: 2 }, mismatch: true },
    { name: 'a number against the same number as text', first: { a: 1 }, second: { a: '1' }, mismatch: true },
    { name: 'null against absent', first: { a: null }, second: {}, mismatch: true },
    { name: 'absent against null', first: {}, second: { a: null }, mismatch: true },
    { name: '{} against []', first: { a: {} }, second: { a: [] }, mismatch: true },
    { name: 'null against {}', first: { a: null }, second: { a: {} }, mismatch: true },
    { name: 'false against 0', first: { a: false }, second: { a: 0 }, mismatch: true },
    { name: 'a longer list', first: { a: [1] }, second: { a: [1, null] }, mismatch: true },
    { name: 'a list in another order', first: { a: [1, 2] }, second: { a: [2, 1] }, mismatch: true },
    { name: 'another key', first: { a: 1 }, second: { b: 1 }, mismatch: true },
    {
      name: 'another __proto__',
      first: json('{"__proto__":1}'),
      second: json('{"__proto__":2}'),
      mismatch: true,
    },
    {
      name: '__proto__ against toString',
      first: json('{"__proto__":{}}'),
      second: { toString: {} },
      mismatch: true,
    },
    { name: 'another normalization form', first: { a: '\u00e9' }, second: { a: 'e\u0301' }, mismatch: true },
  ])('payload_mismatch for $name is $mismatch', async ({ first, second, mismatch }) => {
    const sessionId = await newSession(service);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one', payload: first });
    const repeat = await service.other.addEvent({ sessionId, eventId: 'one', payload: second });
    expect(repeat).toEqual({ event, duplicate: true, payloadMismatch: mismatch });
  });

  test('a different type alone is a payload_mismatch', async () => {
    const sessionId = await newSession(service);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one', type: 'dtmf' });
    const repeat = await service.other.addEvent({ sessionId, eventId: 'one', type: 'DTMF' });
    expect(repeat).toEqual({ event, duplicate: true, payloadMismatch: true });
  });
});

function json(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}
