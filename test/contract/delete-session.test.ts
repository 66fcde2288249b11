import { status as Code } from '@grpc/grpc-js';
import { failureOf, invalidFieldsOf } from '../support/call-error';
import { addedOf, errorOf } from '../support/ingest-stream';
import type { RpcClient } from '../support/rpc-client';
import { until } from '../support/until';
import { describeContract, newId, newSession } from './describe-contract';

/** How long another server may take to learn that a session is deleted, in milliseconds, and a little for the call. */
const LEARNS_WITHIN_MS = 5500;

const notFound = (sessionId: string): object => ({
  code: Code.NOT_FOUND,
  details: `Session with ID ${sessionId} not found`,
  info: { reason: 'SESSION_NOT_FOUND' },
});

/** Every RPC about a session but the two that know deleted ones. */
const CALLS: readonly [string, (client: RpcClient, sessionId: string) => Promise<unknown>][] = [
  ['GetSession', (client, sessionId) => client.getSession({ sessionId })],
  ['CompleteSession', (client, sessionId) => client.completeSession({ sessionId })],
  ['UpdateSession', (client, sessionId) => client.updateSession({ sessionId, language: 'de-DE' })],
  ['AddEvent', (client, sessionId) => client.addEvent({ sessionId, eventId: 'new' })],
  ['AddEvent of a stored one', (client, sessionId) => client.addEvent({ sessionId, eventId: 'event-1' })],
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

  test.each(CALLS)('%s finds it no more, at once where it was deleted', async (_, call) => {
    const sessionId = await filled();
    expect(await service.client.deleteSession(sessionId)).toEqual({});
    expect(await failureOf(call(service.client, sessionId))).toMatchObject(notFound(sessionId));
  });

  test.each(CALLS)('%s finds it no more through the other server', async (_, call) => {
    const sessionId = await filled();
    await service.client.deleteSession(sessionId);
    expect(await failureOf(call(service.other, sessionId))).toMatchObject(notFound(sessionId));
  });

  test('may be repeated through either server, and by many at once', async () => {
    const sessionId = await filled();
    await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).deleteSession(sessionId),
      ),
    );
    expect(await service.client.deleteSession(sessionId)).toEqual({});
    expect(await service.other.deleteSession(sessionId)).toEqual({});
  });

  test('of an id that never was is NOT_FOUND, and leaves nothing', async () => {
    const sessionId = newId();
    for (const client of [service.client, service.other])
      expect(await failureOf(client.deleteSession(sessionId))).toMatchObject(notFound(sessionId));
    expect(await service.other.createSession({ sessionId })).toMatchObject({ created: true });
    expect(await service.client.addEvent({ sessionId, eventId: 'first' })).toMatchObject({
      event: { sequence: 1 },
    });
  });

  test('holds the id to its limits', async () => {
    expect(await invalidFieldsOf(service.client.deleteSession(''))).toEqual(['session_id']);
    expect(await invalidFieldsOf(service.client.deleteSession('x'.repeat(257)))).toEqual(['session_id']);
  });

  test('a late repeat of CreateSession does not raise the dead', async () => {
    const sessionId = await filled();
    await service.client.deleteSession(sessionId);
    for (const client of [service.client, service.other])
      expect(await failureOf(client.createSession({ sessionId }))).toMatchObject({
        code: Code.FAILED_PRECONDITION,
        info: { domain: 'conversation.v1', reason: 'SESSION_DELETED' },
      });
  });

  test('it is listed no more, and others are', async () => {
    const [gone, kept] = [await newSession(service), await newSession(service)];
    await service.client.deleteSession(gone);
    const { sessions } = await service.other.listSessions({ pageSize: 1000 });
    const ids = sessions.map(({ sessionId }) => sessionId);
    expect(ids).toContain(kept);
    expect(ids).not.toContain(gone);
  });

  test('an ended session is deleted as any other', async () => {
    const sessionId = await filled();
    await service.client.completeSession({ sessionId });
    await service.other.deleteSession(sessionId);
    expect(await failureOf(service.client.getSession({ sessionId }))).toMatchObject(notFound(sessionId));
  });

  test('its watches end, through either server', async () => {
    const sessionId = await filled();
    const watches = [service.client.watchSession({ sessionId }), service.other.watchSession({ sessionId })];
    for (const watch of watches) await watch.caughtUp();
    await service.client.deleteSession(sessionId);
    for (const watch of watches) expect(await watch.end).toMatchObject(notFound(sessionId));
  });

  test('who writes to it through the other server all the while learns within 5 s', async () => {
    const [sessionId, kept] = [await newSession(service), await newSession(service)];
    const stream = service.other.ingestEvents();
    stream.send({ sessionId, eventId: 'streamed-0' });
    addedOf((await stream.received(1))[0]);
    await service.client.deleteSession(sessionId);
    const deletedAt = performance.now();
    let count = 0;
    const error = await until('the writer learns', async () => {
      count += 1;
      return service.other.addEvent({ sessionId, eventId: `event-${count}` }).then(
        () => undefined,
        (failure: unknown) => failure,
      );
    });
    expect(performance.now() - deletedAt).toBeLessThan(LEARNS_WITHIN_MS);
    expect(error).toMatchObject(notFound(sessionId));
    // The stream goes on for others.
    stream.send({ sessionId, eventId: 'streamed-1' });
    stream.send({ sessionId: kept, eventId: 'streamed-2' });
    const replies = await stream.finish();
    expect(errorOf(replies[1])).toMatchObject({ code: Code.NOT_FOUND });
    expect(addedOf(replies[2]).event?.sequence).toBe(1);
  });
});
