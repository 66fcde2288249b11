import type { Event } from '../../../generated/conversation/v1/event';
import { LIMITS } from '../../../src/core/limits';
import { invalidFieldsOf } from '../../support/call-error';
import { addedOf, errorOf } from '../../support/ingest-stream';
import type { RpcClient } from '../../support/rpc-client';
import { type ContractService, describeContract, newId, newSession } from '../support/describe-contract';
import { structOfSize } from '../support/struct-of-size';

const LARGEST = structOfSize(LIMITS.payloadBytes);
const TOO_LARGE = structOfSize(LIMITS.payloadBytes + 1);

/** The sizes of the payloads of a log: those of the largest size among small ones, and some of which one page has two. */
const LOG = [10, 3, 3, 10, 2, 1.25, 1.25, 3].map((size) =>
  size === 10 ? structOfSize(10) : structOfSize(size * 1024 * 1024),
);

async function addLog({ client }: ContractService, sessionId: string, log = LOG): Promise<void> {
  for (const [index, payload] of log.entries())
    await client.addEvent({ sessionId, eventId: `e${index + 1}`, payload });
}

/** Lists all events, and expects more than one page. */
async function listAll(
  client: RpcClient,
  request: { sessionId: string; newestFirst?: boolean },
): Promise<Event[]> {
  const events: Event[] = [];
  let pages = 0;
  let pageToken = '';
  do {
    const page = await client.listEvents({ ...request, pageSize: 1000, pageToken });
    events.push(...page.events);
    pages += 1;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(pages).toBeGreaterThan(1);
  return events;
}

/** Expects the events of `LOG`, in order. */
function expectLog(events: readonly Event[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(LOG.map((_, index) => index + 1));
  expect(events.map(({ payload }) => payload)).toEqual(LOG);
}

describeContract('Values of the maximum size', (service) => {
  test('a payload of 3 MiB is the same in every reply and read', async () => {
    const { client, other } = service;
    const sessionId = await newSession(service);
    const { event } = await client.addEvent({ sessionId, eventId: 'one', payload: LARGEST });
    expect(event?.payload).toEqual(LARGEST);
    expect((await other.getEvent({ sessionId, eventId: 'one' })).event).toEqual(event);
    expect((await other.getSession({ sessionId })).events).toEqual([event]);
    for (const newestFirst of [false, true])
      for (const types of [[], ['transcript']])
        expect((await other.listEvents({ sessionId, newestFirst, types })).events).toEqual([event]);
    const watch = other.watchSession({ sessionId });
    await watch.caughtUp();
    expect(watch.events).toEqual([event]);
    watch.cancel();
    const repeat = await client.addEvent({ sessionId, eventId: 'one', payload: LARGEST });
    expect(repeat).toMatchObject({ event, duplicate: true, payloadMismatch: false });
  });

  test('in every write, a payload of 3 MiB and one byte is invalid', async () => {
    const { client } = service;
    const sessionId = await newSession(service);
    const over = { sessionId, eventId: 'over', payload: TOO_LARGE };
    expect(await invalidFieldsOf(client.addEvent(over))).toEqual(['payload']);
    expect(await invalidFieldsOf(client.batchAddEvents({ sessionId, events: [over] }))).toEqual([
      'events[0].payload',
      'events',
    ]);
    const stream = client.ingestEvents();
    stream.send(over);
    stream.send({ sessionId, eventId: 'after' });
    const [rejected, added] = await stream.finish();
    expect(errorOf(rejected).message).toContain('event.payload');
    expect(addedOf(added).event?.sequence).toBe(1);
  });

  test('payloads of 3 MiB on a stream are stored in order, and their replies have none', async () => {
    const { client, other } = service;
    const sessionId = await newSession(service);
    const stream = client.ingestEvents();
    const sent = [1, 2, 3, 4].map((n) => ({ sessionId, eventId: `e${n}`, payload: LARGEST }));
    await stream.sendAll([...sent, ...sent.slice(0, 1)]);
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event, duplicate }) => [event?.sequence, event?.payload, duplicate])).toEqual([
      ...[1, 2, 3, 4].map((n) => [n, undefined, false]),
      [1, undefined, true],
    ]);
    const stored = await listAll(other, { sessionId });
    expect(stored.map(({ payload }) => payload)).toEqual(sent.map(({ payload }) => payload));
  });

  test('a log of large events is read whole in both directions and watched, also by several callers at once', async () => {
    const { client, other } = service;
    const sessionId = await newSession(service);
    await addLog(service, sessionId);
    expectLog(await listAll(client, { sessionId }));
    expectLog((await listAll(other, { sessionId, newestFirst: true })).reverse());
    const watch = other.watchSession({ sessionId });
    await watch.caughtUp();
    expectLog(watch.events);
    watch.cancel();
    const readers = [client, other].map((reader, index) =>
      listAll(reader, { sessionId, newestFirst: index > 0 }),
    );
    for (const [index, events] of (await Promise.all(readers)).entries())
      expectLog(index > 0 ? events.reverse() : events);
  });

  test('several sessions that no server has read yet are read at once', async () => {
    const sessionIds = await Promise.all([1, 2, 3].map(() => newSession(service)));
    const log = LOG.slice(0, 3);
    for (const sessionId of sessionIds) await addLog(service, sessionId, log);
    const pages = await Promise.all(sessionIds.map((sessionId) => service.other.getSession({ sessionId })));
    for (const { events, pagination } of pages) {
      expect(events.map(({ payload }) => payload)).toEqual(LOG.slice(0, 1));
      expect(pagination?.hasMore).toBe(true);
    }
  });

  test('metadata of 256 KiB is the same in every reply and read; one byte more is invalid', async () => {
    const { client, other } = service;
    const sessionId = newId();
    const metadata = structOfSize(LIMITS.metadataBytes);
    const over = structOfSize(LIMITS.metadataBytes + 1);
    expect(await invalidFieldsOf(client.createSession({ sessionId, metadata: over }))).toEqual(['metadata']);
    const { session } = await client.createSession({ sessionId, metadata });
    expect(session?.metadata).toEqual(metadata);
    expect((await other.getSession({ sessionId })).session).toEqual(session);
    expect((await other.createSession({ sessionId })).session).toEqual(session);
    expect(await invalidFieldsOf(client.updateSession({ sessionId, metadata: over }))).toEqual([
      'session.metadata',
    ]);
    const { session: ended } = await other.completeSession({ sessionId });
    expect(ended?.metadata).toEqual(metadata);
    const watch = client.watchSession({ sessionId });
    expect(await watch.end).toBeUndefined();
  });

  test('an update of one key can fill metadata up to 256 KiB, and is invalid beyond', async () => {
    const sessionId = newId();
    const { t } = structOfSize(LIMITS.metadataBytes);
    await service.client.createSession({ sessionId, metadata: { t: 'x', kept: 1 } });
    const set = (text: string) =>
      service.other.updateSession({ sessionId, metadata: { t: text } }, ['metadata.t']);
    expect(await invalidFieldsOf(set(t ?? ''))).toEqual(['session.metadata']);
    // The entry of `kept` takes 19 bytes.
    const fitting = 'x'.repeat((t ?? '').length - 19);
    expect(await invalidFieldsOf(set(`${fitting}x`))).toEqual(['session.metadata']);
    const { session } = await set(fitting);
    expect(session?.metadata).toEqual({ t: fitting, kept: 1 });
    expect((await service.client.getSession({ sessionId })).session).toEqual(session);
  });
});
