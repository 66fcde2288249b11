import { status as Code } from '@grpc/grpc-js';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { addedOf, errorOf } from '../../support/ingest-stream';
import type { RpcClient } from '../../support/rpc-client';
import { until } from '../../support/until';
import { describeContract, newId, newSession } from '../support/describe-contract';

/** How long another server may accept writes to a deleted session, plus a margin for the call, in milliseconds. */
const NOTICED_WITHIN_MS = 5500;

const notFound = (sessionId: string): object => ({
  code: Code.NOT_FOUND,
  details: `Session with ID ${sessionId} not found`,
  info: { reason: 'SESSION_NOT_FOUND' },
});

/** All RPCs on a session except CreateSession and DeleteSession. */
const CALLS: readonly [string, (client: RpcClient, sessionId: string) => Promise<unknown>][] = [
  ['GetSession', (client, sessionId) => client.getSession({ sessionId })],
  ['CompleteSession', (client, sessionId) => client.completeSession({ sessionId })],
  ['UpdateSession', (client, sessionId) => client.updateSession({ sessionId, language: 'de-DE' })],
  ['AddEvent', (client, sessionId) => client.addEvent({ sessionId, eventId: 'new' })],
  ['AddEvent of a stored event', (client, sessionId) => client.addEvent({ sessionId, eventId: 'event-1' })],
  [
    'BatchAddEvents',
    (client, sessionId) => client.batchAddEvents({ sessionId, events: [{ eventId: 'new' }] }),
  ],
  ['GetEvent', (client, sessionId) => client.getEvent({ sessionId, eventId: 'event-1' })],
  ['ListEvents', (client, sessionId) => client.listEvents({ sessionId })],
  ['ListEvents by time', (client, sessionId) => client.listEvents({ sessionId, startTime: new Date(0) })],
  [
    'WatchSession',
    async (client, sessionId) => {
      const error = await client.watchSession({ sessionId }).end;
      if (error !== undefined) throw error;
    },
  ],
];

describeContract('DeleteSession', (service) => {
  const filled = async (): Promise<string> => {
    const sessionId = await newSession(service);
    await service.client.batchAddEvents({
      sessionId,
      events: [{ eventId: 'event-1' }, { eventId: 'event-2' }],
    });
    return sessionId;
  };

  test.each(CALLS)('%s gets NOT_FOUND at once on the same server', async (_, call) => {
    const sessionId = await filled();
    expect(await service.client.deleteSession(sessionId)).toEqual({});
    expect(await failureOf(call(service.client, sessionId))).toMatchObject(notFound(sessionId));
  });

  test.each(CALLS)('%s gets NOT_FOUND on the other server', async (_, call) => {
    const sessionId = await filled();
    await service.client.deleteSession(sessionId);
    expect(await failureOf(call(service.other, sessionId))).toMatchObject(notFound(sessionId));
  });

  test('can be repeated through both servers, also concurrently', async () => {
    const sessionId = await filled();
    await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).deleteSession(sessionId),
      ),
    );
    expect(await service.client.deleteSession(sessionId)).toEqual({});
    expect(await service.other.deleteSession(sessionId)).toEqual({});
  });

  test('an ID that never existed is NOT_FOUND, and can still be created', async () => {
    const sessionId = newId();
    for (const client of [service.client, service.other])
      expect(await failureOf(client.deleteSession(sessionId))).toMatchObject(notFound(sessionId));
    expect(await service.other.createSession({ sessionId })).toMatchObject({ created: true });
    expect(await service.client.addEvent({ sessionId, eventId: 'first' })).toMatchObject({
      event: { sequence: 1 },
    });
  });

  test('the ID is validated', async () => {
    expect(await invalidFieldsOf(service.client.deleteSession(''))).toEqual(['session_id']);
    expect(await invalidFieldsOf(service.client.deleteSession('x'.repeat(257)))).toEqual(['session_id']);
  });

  test('a late repeated CreateSession does not restore the session', async () => {
    const sessionId = await filled();
    await service.client.deleteSession(sessionId);
    for (const client of [service.client, service.other])
      expect(await failureOf(client.createSession({ sessionId }))).toMatchObject({
        code: Code.FAILED_PRECONDITION,
        info: { domain: 'conversation.v1', reason: 'SESSION_DELETED' },
      });
  });

  test('the session is no longer listed; others are', async () => {
    const [gone, kept] = [await newSession(service), await newSession(service)];
    await service.client.deleteSession(gone);
    const { sessions } = await service.other.listSessions({ pageSize: 1000 });
    const ids = sessions.map(({ sessionId }) => sessionId);
    expect(ids).toContain(kept);
    expect(ids).not.toContain(gone);
  });

  test('an ended session can be deleted', async () => {
    const sessionId = await filled();
    await service.client.completeSession({ sessionId });
    await service.other.deleteSession(sessionId);
    expect(await failureOf(service.client.getSession({ sessionId }))).toMatchObject(notFound(sessionId));
  });

  test('its watches end on both servers', async () => {
    const sessionId = await filled();
    const watches = [service.client.watchSession({ sessionId }), service.other.watchSession({ sessionId })];
    for (const watch of watches) await watch.caughtUp();
    await service.client.deleteSession(sessionId);
    for (const watch of watches) expect(await watch.end).toMatchObject(notFound(sessionId));
  });

  test('a writer on the other server gets NOT_FOUND within 5 s', async () => {
    const [sessionId, kept] = [await newSession(service), await newSession(service)];
    const stream = service.other.ingestEvents();
    stream.send({ sessionId, eventId: 'streamed-0' });
    addedOf((await stream.received(1))[0]);
    await service.client.deleteSession(sessionId);
    const deletedAt = performance.now();
    let count = 0;
    const error = await until('the writer gets NOT_FOUND', async () => {
      count += 1;
      return service.other.addEvent({ sessionId, eventId: `event-${count}` }).then(
        () => undefined,
        (failure: unknown) => failure,
      );
    });
    expect(performance.now() - deletedAt).toBeLessThan(NOTICED_WITHIN_MS);
    expect(error).toMatchObject(notFound(sessionId));
    // The stream continues for other sessions.
    stream.send({ sessionId, eventId: 'streamed-1' });
    stream.send({ sessionId: kept, eventId: 'streamed-2' });
    const replies = await stream.finish();
    expect(errorOf(replies[1])).toMatchObject({ code: Code.NOT_FOUND });
    expect(addedOf(replies[2]).event?.sequence).toBe(1);
  });
});
