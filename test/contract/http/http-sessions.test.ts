import { SessionStatus } from '../../../generated/conversation/v1/session';
import { newId } from '../support/describe-contract';
import { describeHttp } from '../support/describe-http';

const ROW_ID = expect.stringMatching(/^[0-9a-f]{24}$/) as string;
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describeHttp('sessions', (service) => {
  it('creates a session with exactly these keys, and returns it unchanged for a repeated request', async () => {
    const sessionId = newId();
    const metadata = { channel: 'phone', nested: { list: [1, null, {}] } };
    const created = await service.http.post('/sessions', { sessionId, language: 'en-US', metadata });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      _id: ROW_ID,
      sessionId,
      status: 'initiated',
      language: 'en-US',
      startedAt: TIME,
      endedAt: null,
      metadata,
    });
    const repeated = await service.http.post('/sessions', { sessionId, language: 'de', status: 'active' });
    expect(repeated).toMatchObject({ status: 200, body: created.body });
    const { session } = await service.grpc.getSession({ sessionId });
    expect(session).toMatchObject({ sessionId, language: 'en-US', metadata });
  });

  it('adds an event with exactly these keys, and returns the stored one for a repeated request', async () => {
    const sessionId = newId();
    await service.grpc.createSession({ sessionId });
    const event = { eventId: 'event-1', type: 'user_speech', payload: { text: 'Hello?' } };
    const added = await service.http.post(`/sessions/${sessionId}/events`, event);
    expect(added.status).toBe(201);
    expect(added.body).toEqual({ _id: ROW_ID, ...event, sessionId, timestamp: TIME });
    const repeated = await service.http.post(`/sessions/${sessionId}/events`, { ...event, type: 'other' });
    expect(repeated).toMatchObject({ status: 200, body: added.body });
    const overGrpc = await service.grpc.addEvent({ sessionId, ...event });
    expect(overGrpc).toMatchObject({ duplicate: true, payloadMismatch: false, event: { sequence: 1 } });
  });

  it('a missing payload is stored as {}', async () => {
    const sessionId = newId();
    await service.grpc.createSession({ sessionId });
    const { body } = await service.http.post(`/sessions/${sessionId}/events`, { eventId: 'e', type: 't' });
    expect(body).toMatchObject({ payload: {} });
  });

  it('reads a session in pages, with the session and the events as they were returned', async () => {
    const sessionId = newId();
    const created = await service.http.post('/sessions', { sessionId, language: 'en' });
    const added = [];
    for (const eventId of ['a', 'b', 'c'])
      added.push((await service.http.post(`/sessions/${sessionId}/events`, { eventId, type: 't' })).body);
    await service.grpc.addEvent({ sessionId, eventId: 'd' });
    const first = await service.http.get(`/sessions/${sessionId}?offset=0&limit=3`);
    expect(first).toMatchObject({ status: 200 });
    expect(first.body).toEqual({
      session: created.body,
      events: added,
      pagination: { offset: 0, limit: 3, total: 4, hasMore: true },
    });
    const last = await service.http.get(`/sessions/${sessionId}?offset=3&limit=5000`);
    expect(last.body).toMatchObject({
      events: [{ _id: ROW_ID, eventId: 'd' }],
      pagination: { offset: 3, limit: 1000, total: 4, hasMore: false },
    });
    const unpaged = await service.http.get(`/sessions/${sessionId}`);
    expect(unpaged.body).toMatchObject({ pagination: { offset: 0, limit: 50 } });
  });

  it('every session and event has its own _id', async () => {
    const sessionId = newId();
    await service.grpc.createSession({ sessionId });
    for (let i = 0; i < 20; i += 1) await service.grpc.addEvent({ sessionId, eventId: `event-${i}` });
    const { body } = await service.http.get(`/sessions/${sessionId}`);
    const { session, events } = body as { session: { _id: string }; events: { _id: string }[] };
    expect(new Set([session, ...events].map(({ _id }) => _id)).size).toBe(21);
  });

  it('completes a session, with or without a body; a later completion changes nothing', async () => {
    const sessionId = newId();
    await service.http.post('/sessions', { sessionId, language: 'en', status: 'active' });
    const ended = await service.http.post(`/sessions/${sessionId}/complete`);
    expect(ended).toMatchObject({ status: 200, body: { sessionId, status: 'completed', endedAt: TIME } });
    const repeated = await service.http.post(`/sessions/${sessionId}/complete`, { status: 'failed' });
    expect(repeated).toMatchObject({ status: 200, body: ended.body });
    const late = await service.http.post(`/sessions/${sessionId}/events`, { eventId: 'late', type: 't' });
    expect(late.status).toBe(201);
  });

  it('completes a session as failed, with a reason', async () => {
    const sessionId = newId();
    await service.grpc.createSession({ sessionId });
    const end = { status: 'failed', endReason: 'no audio' };
    const { body } = await service.http.post(`/sessions/${sessionId}/complete`, end);
    expect(body).toMatchObject({ status: 'failed' });
    expect(body).not.toHaveProperty('endReason');
    const { session } = await service.grpc.getSession({ sessionId });
    expect(session).toMatchObject({ endReason: 'no audio', status: SessionStatus.SESSION_STATUS_FAILED });
  });

  it('IDs may contain characters that a path must encode: slashes, spaces, emoji', async () => {
    const sessionId = `${newId()}/a b?c#d%2F é 🎧`;
    await service.http.post('/sessions', { sessionId, language: 'en' });
    const path = `/sessions/${encodeURIComponent(sessionId)}`;
    await service.http.post(`${path}/events`, { eventId: '🎧', type: 't' });
    const { status, body } = await service.http.get(path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ session: { sessionId }, events: [{ eventId: '🎧', sessionId }] });
  });

  it('the ID of a deleted session cannot be reused', async () => {
    const sessionId = newId();
    await service.http.post('/sessions', { sessionId, language: 'en' });
    await service.grpc.deleteSession(sessionId);
    expect(await service.http.post('/sessions', { sessionId, language: 'en' })).toMatchObject({
      status: 409,
      body: { statusCode: 409, message: expect.stringContaining('was deleted') as string },
    });
  });
});
