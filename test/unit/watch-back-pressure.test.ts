import type { Session } from '../../src/core/session';
import type { SessionPage } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { HeldStore } from '../support/held-store';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

/** Messages that the client's library buffers. */
const CLIENT_BUFFER = 16;

/** Calls of another client in which a server that still read events would read more. */
const CALLS = 50;

const time = new Date();
const session: Session = {
  sessionId: 'one',
  rowId: new Uint8Array(12),
  status: 'active',
  language: 'en',
  metadata: StructBytes.EMPTY,
  startedAt: time,
  changedAt: time,
  endedAt: undefined,
  endReason: '',
  eventCount: 1000,
  lastEventAt: time,
  revision: 1,
};
const payload = StructBytes.of({ text: 'x'.repeat(500_000) });

/** How many events the server has read. */
let eventsRead: number;
let server: SessionServer;
let other: SessionServer;

beforeEach(async () => {
  eventsRead = 0;
  const store = new HeldStore((_, { afterSequence }) => Promise.resolve(pageOf(afterSequence + 1)));
  server = await startSessionServer(store);
  other = await startSessionServer(store);
});

afterEach(async () => {
  await server.close();
  await other.close();
});

/** A page of one event. */
function pageOf(sequence: number): SessionPage {
  eventsRead = Math.max(eventsRead, sequence);
  const names = { eventId: `e${sequence}`, sessionId: 'one', type: 'note' };
  const event = { ...names, rowId: new Uint8Array(12), sequence, payload, timestamp: time };
  return { session, events: [event], examinedTo: sequence };
}

test('of large events, the server reads no more than one that its client has not taken', async () => {
  const watch = server.client.watchSession({ sessionId: 'one' });
  watch.pause();
  await until('the server stops reading', async () => {
    const before = eventsRead;
    for (let call = 0; call < CALLS; call += 1) await other.client.getSession({ sessionId: 'one' });
    return before > 1 && eventsRead === before ? true : undefined;
  });
  expect(eventsRead).toBeLessThanOrEqual(CLIENT_BUFFER + 2);
  watch.resume();
  await watch.reached(60);
  expect(watch.events.map(({ sequence }) => sequence)).toEqual(watch.events.map((_, index) => index + 1));
  watch.cancel();
});
