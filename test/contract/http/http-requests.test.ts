import fc from 'fast-check';
import { expectSameJson, NASTY_KEYS, nastyObject } from '../../support/nasty-json';
import { newId } from '../support/describe-contract';
import { describeHttp } from '../support/describe-http';
import { structOfSize } from '../support/struct-of-size';

const KIB = 1024;
const MIB = 1024 * KIB;

/** The header of a JSON body. */
const JSON_TYPE = { 'content-type': 'application/json' };

describeHttp('requests', (service) => {
  const create = (body: unknown) => service.http.post('/sessions', body);
  const valid = () => ({ sessionId: newId(), language: 'en' });

  it('any object that a Struct can represent round-trips unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(nastyObject, async (payload) => {
        const sessionId = newId();
        await create({ sessionId, language: 'en', metadata: payload });
        await service.http.post(`/sessions/${sessionId}/events`, { eventId: 'e', type: 't', payload });
        const { body } = await service.http.get(`/sessions/${sessionId}`);
        const { session, events } = body as {
          session: { metadata: unknown };
          events: { payload: unknown }[];
        };
        // -0 is 0, as in JSON's own text.
        const expected: unknown = JSON.parse(JSON.stringify(payload));
        expectSameJson(session.metadata, expected);
        expectSameJson(events[0]?.payload, expected);
      }),
      { numRuns: 30 },
    );
  });

  it('every unusual key round-trips unchanged', async () => {
    const metadata = Object.fromEntries(NASTY_KEYS.map((key) => [key, key]));
    const { body } = await create({ ...valid(), metadata });
    expectSameJson((body as { metadata: unknown }).metadata, metadata);
  });

  it.each([
    [{}, ['sessionId is required', 'language is required']],
    [
      { sessionId: 7, language: ['en'], status: 1, metadata: 'x' },
      [
        'sessionId must be a string',
        'language must be a string',
        'status must be a string',
        'metadata must be a JSON object',
      ],
    ],
    [
      { sessionId: '', language: 'English please', metadata: [] },
      [
        'metadata must be a JSON object',
        'sessionId must be 1 to 256 bytes of UTF-8; got 0',
        'language must be a well-formed language tag such as en-US (RFC 5646)',
      ],
    ],
    [
      { sessionId: 's', language: 'en', status: 'COMPLETED' },
      ['status must be initiated, active or unset (initiated)'],
    ],
    [
      { sessionId: 's', language: 'en', metdata: {} },
      ['metdata is not a known key; the keys are sessionId, language, status, metadata'],
    ],
    [[], ['the body must be a JSON object', 'sessionId is required', 'language is required']],
    ['null', ['the body must be a JSON object', 'sessionId is required', 'language is required']],
    ['', ['sessionId is required', 'language is required']],
    ['{"sessionId": "s",', ['the body is not JSON']],
    [
      `{"sessionId": "s", "language": en, "metadata": {"note": "${'long '.repeat(20)}"}}`,
      ['the body is not JSON'],
    ],
  ])('the body %j is 400 with a line for each violation', async (body, lines) => {
    const reply = await create(body);
    expect(reply).toMatchObject({ status: 400, body: { statusCode: 400 } });
    const { message } = reply.body as { message: string[] };
    expect(message).toEqual(lines);
  });

  it.each([
    ['an unpaired surrogate', '{"a":"\\ud800"}'],
    ['U+0000 in a key', '{"a\\u0000":1}'],
    ['33 levels', '{"a":'.repeat(33) + '1' + '}'.repeat(33)],
    ['100,000 levels', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
  ])('a payload with %s is 400', async (_, payload) => {
    const { sessionId } = valid();
    await create({ sessionId, language: 'en' });
    const path = `/sessions/${sessionId}/events`;
    const reply = await service.http.post(path, `{"eventId":"e","type":"t","payload":${payload}}`);
    expect(reply).toMatchObject({
      status: 400,
      body: { statusCode: 400, message: [expect.stringMatching(/^payload /) as string] },
    });
  });

  it('whole numbers that a double cannot hold are 400, each with its path', async () => {
    const { sessionId } = valid();
    await create({ sessionId, language: 'en' });
    const rule = 'must be a whole number that a double can hold; send it as a string';
    const path = `/sessions/${sessionId}/events`;
    const payload =
      '{"call_id":9007199254740993,"a":[1,2,9007199254740993.0,{"b c":12345678901234567890}],"d":-1e400}';
    expect(await service.http.post(path, `{"eventId":"e","payload":${payload}}`)).toMatchObject({
      status: 400,
      body: {
        message: [
          `payload.call_id ${rule}`,
          `payload.a[2] ${rule}`,
          `payload.a[3]["b c"] ${rule}`,
          `payload.d ${rule}`,
          'type is required',
        ],
      },
    });
    const metadata = `{"sessionId":"${newId()}","language":"en","metadata":{"n":-9007199254740993}}`;
    expect(await create(metadata)).toMatchObject({ status: 400, body: { message: [`metadata.n ${rule}`] } });
    const wrongType = '{"eventId":"e","type":9007199254740993,"payload":9007199254740993}';
    expect(await service.http.post(path, wrongType)).toMatchObject({
      status: 400,
      body: { message: ['type must be a string', 'payload must be a JSON object'] },
    });
    expect(await service.http.get(`/sessions/${sessionId}`)).toMatchObject({ body: { events: [] } });
  });

  it('whole numbers that a double can hold are stored', async () => {
    const { sessionId } = valid();
    await create({ sessionId, language: 'en' });
    const text = '{"a":9007199254740992,"b":1152921504606847000,"c":1e23,"d":"9007199254740993"}';
    const reply = await service.http.post(
      `/sessions/${sessionId}/events`,
      `{"eventId":"e","type":"t","payload":${text}}`,
    );
    expect(reply).toMatchObject({ status: 201, body: { payload: JSON.parse(text) as object } });
  });

  it('a body that is not UTF-8 is 400', async () => {
    const body = Buffer.concat([Buffer.from('{"sessionId":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const reply = await service.http.send('/sessions', { method: 'POST', body, headers: JSON_TYPE });
    expect(reply).toMatchObject({ status: 400, body: { message: ['the body is not UTF-8'] } });
  });

  it.each([
    ['offset=-1', ['offset must be a whole number from 0 to 9007199254740991']],
    ['limit=ten', ['limit must be a whole number, 0 or more (0 means the default)']],
    ['limit=1.5&offset=', 2],
    ['limit=1&limit=2', 1],
    ['offset=99999999999999999999', 1],
    ['ofset=1', ['ofset is not a known key; the keys are offset, limit']],
  ])('the query %s is 400', async (query, lines) => {
    const { body, status } = await service.http.get(`/sessions/nobody?${query}`);
    expect(status).toBe(400);
    const { message } = body as { message: string[] };
    if (typeof lines === 'number') expect(message).toHaveLength(lines);
    else expect(message).toEqual(lines);
  });

  it('an ID that is too long is 400, and a long list of unknown keys is truncated', async () => {
    const long = await service.http.get(`/sessions/${'x'.repeat(257)}`);
    expect(long).toMatchObject({
      status: 400,
      body: { message: ['sessionId must be 1 to 256 bytes of UTF-8; got 257'] },
    });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key-${i}`, 1]));
    const { body } = await create({ ...valid(), ...many });
    expect((body as { message: string[] }).message).toHaveLength(11);
  });

  it('an unknown session is 404, with the same message as over gRPC', async () => {
    const message = 'Session with ID session-999 not found';
    const notFound = { status: 404, body: { statusCode: 404, message } };
    expect(await service.http.get('/sessions/session-999')).toEqual({
      ...notFound,
      headers: expect.anything() as unknown,
    });
    expect(await service.http.post('/sessions/session-999/complete')).toMatchObject(notFound);
    const event = { eventId: 'e', type: 't' };
    expect(await service.http.post('/sessions/session-999/events', event)).toMatchObject(notFound);
  });

  it('an unknown route is 404, and an unsupported method 405', async () => {
    const unknown = await service.http.get('/session');
    expect(unknown).toMatchObject({
      status: 404,
      body: { statusCode: 404, message: expect.any(String) as string },
    });
    const unsupported = await service.http.send('/sessions', { method: 'DELETE' });
    expect(unsupported).toMatchObject({
      status: 405,
      body: { statusCode: 405, message: expect.any(String) as string },
    });
    expect(unsupported.headers.get('allow')).toBe('POST');
    expect(Object.keys(unsupported.body as object)).toEqual(['statusCode', 'message']);
  });

  it('a path that cannot be decoded is 400', async () => {
    expect(await service.http.get('/sessions/%zz')).toMatchObject({
      status: 400,
      body: { statusCode: 400, message: [expect.any(String) as string] },
    });
  });

  it.each([['application/x-www-form-urlencoded'], ['text/plain'], ['application/xml'], ['nonsense']])(
    'a body of type %s is 415',
    async (type) => {
      const reply = await service.http.send('/sessions', {
        method: 'POST',
        body: JSON.stringify(valid()),
        headers: { 'content-type': type },
      });
      expect(reply).toMatchObject({
        status: 415,
        body: { statusCode: 415, message: expect.any(String) as string },
      });
    },
  );

  it('a payload of 3 MiB is stored; one byte more is a violation', async () => {
    const { sessionId } = valid();
    await create({ sessionId, language: 'en' });
    const path = `/sessions/${sessionId}/events`;
    const over = { eventId: 'over', type: 't', payload: structOfSize(3 * MIB + 1) };
    expect(await service.http.post(path, over)).toMatchObject({
      status: 400,
      body: {
        message: [`payload must be at most ${3 * MIB} bytes in the protobuf encoding; got ${3 * MIB + 1}`],
      },
    });
    const event = { eventId: 'full', type: 't', payload: structOfSize(3 * MIB) };
    expect(await service.http.post(path, event)).toMatchObject({ status: 201, body: event });
    expect(await service.http.post(path, event)).toMatchObject({ status: 200, body: event });
    expect(await service.http.get(`/sessions/${sessionId}`)).toMatchObject({
      status: 200,
      body: { events: [event] },
    });
  });

  it('metadata of 256 KiB is stored; one byte more is a violation', async () => {
    const over = { ...valid(), metadata: structOfSize(256 * KIB + 1) };
    expect(await create(over)).toMatchObject({
      status: 400,
      body: { message: [expect.stringMatching(/^metadata must be at most 262144 bytes/) as string] },
    });
    const session = { ...valid(), metadata: structOfSize(256 * KIB) };
    expect(await create(session)).toMatchObject({ status: 201, body: session });
    expect(await service.http.get(`/sessions/${session.sessionId}`)).toMatchObject({
      status: 200,
      body: { session },
    });
  });

  it('a body over 4 MiB is 413, even if its payload has less in the protobuf encoding', async () => {
    const { sessionId } = valid();
    await create({ sessionId, language: 'en' });
    const add = (text: string) =>
      service.http.post(`/sessions/${sessionId}/events`, { eventId: 'e', type: 't', payload: { text } });
    expect(await add('x'.repeat(4 * MIB))).toMatchObject({ status: 413, body: { statusCode: 413 } });
    // In JSON a control character takes six bytes.
    expect(await add('\u0001'.repeat(MIB))).toMatchObject({ status: 413, body: { statusCode: 413 } });
    expect(await add('\u0001'.repeat(MIB / 2))).toMatchObject({ status: 201 });
  });
});
