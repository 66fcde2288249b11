import { connect, disconnect, readLog } from '../support/connect';
import { DelayProxy } from '../support/delay-proxy';
import { Acknowledgements, EventSender } from '../support/event-sender';
import { ReplicaSet } from '../support/replica-set';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

let set: ReplicaSet;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(() => set.stop());

/** Starts a server process, and returns its port once it serves. */
async function startServer(mongodbUri: string): Promise<number> {
  const { service, port } = await startService({ MONGODB_URI: mongodbUri });
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  return port;
}

async function createSessions(port: number, name: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  await Promise.all(ids.map((sessionId) => connect(port).createSession({ sessionId })));
  return ids;
}

function sendersOf(port: number, acknowledgements: Acknowledgements, count = 4): EventSender[] {
  return Array.from({ length: count }, () => new EventSender(connect(port), acknowledgements));
}

/** Runs work on all senders, `atOnce` pieces at a time on each, until `next` returns undefined. */
async function share(
  senders: readonly EventSender[],
  atOnce: number,
  next: () => Work | undefined,
): Promise<void> {
  const worker = async (sender: EventSender): Promise<void> => {
    for (let work = next(); work !== undefined; work = next()) await work(sender);
  };
  await Promise.all(senders.flatMap((sender) => Array.from({ length: atOnce }, () => worker(sender))));
}

type Work = (sender: EventSender) => Promise<void>;

/** Expects each log to have exactly the acknowledged events, without gaps and in order of time, through each server. */
async function expectWholeLogs(
  ports: readonly number[],
  sessionIds: readonly string[],
  { sequences }: Acknowledgements,
): Promise<void> {
  for (const port of ports) {
    const client = connect(port);
    for (const sessionId of sessionIds) {
      const events = await readLog(client, sessionId);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      expect(new Map(events.map(({ eventId, sequence }) => [eventId, sequence]))).toEqual(
        sequences.get(sessionId),
      );
      const times = events.map(({ timestamp }) => timestamp?.getTime() ?? Number.NaN);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  }
}

it('every log is complete after 20,000 events through two servers, with retries and duplicates', async () => {
  const ports = [await startServer(set.uri), await startServer(set.uri)];
  const sessionIds = await createSessions(ports[0] ?? 0, 'shared', 20);
  const acknowledgements = new Acknowledgements();
  const [here = [], there = []] = ports.map((port) => sendersOf(port, acknowledgements));

  let sent = 0;
  const next = (others: readonly EventSender[]): Work | undefined => {
    if (sent === 20_000) return undefined;
    const number = sent++;
    const [sessionId = '', eventId] = [sessionIds[number % sessionIds.length], `event-${number}`];
    const other = others[number % others.length];
    return async (sender) => {
      // Of each 100 events, 5 have a short deadline, 5 are repeated on the other server, and 5 go to both at once.
      const kind = Math.floor(number / sessionIds.length) % 20;
      if (kind === 1) await sender.sendWithDeadline(sessionId, eventId, 5);
      else
        await Promise.all(
          [sender, ...(kind === 2 && other ? [other] : [])].map((one) => one.send(sessionId, eventId)),
        );
      if (kind === 3) await other?.send(sessionId, eventId);
    };
  };
  await Promise.all([share(here, 16, () => next(there)), share(there, 16, () => next(here))]);

  const all = [...here, ...there];
  expect(all.reduce((sum, { timedOut }) => sum + timedOut, 0)).toBeGreaterThan(0);
  expect([...acknowledgements.sequences.values()].map(({ size }) => size)).toEqual(
    Array<number>(20).fill(1000),
  );
  await expectWholeLogs(ports, sessionIds, acknowledgements);
}, 100_000);

describe('two servers, one of which has 10 ms more latency to the database', () => {
  /** The maximum duration of an append, in milliseconds: half of the default deadline. */
  const MAX_ATTEMPT_MS = 5000;
  const LOAD_MS = 6000;

  let proxy: DelayProxy;

  beforeEach(async () => {
    proxy = await DelayProxy.start(set.members[0]?.port ?? 0, 5);
  });

  afterEach(() => proxy.stop());

  test('neither starves while both write to the same sessions continuously', async () => {
    const near = await startServer(set.uri);
    const far = await startServer(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`);
    const sessionIds = await createSessions(near, 'contended', 4);
    const acknowledgements = new Acknowledgements();
    const endAt = performance.now() + LOAD_MS;
    let sent = 0;
    const load = async (port: number): Promise<EventSender[]> => {
      const senders = sendersOf(port, acknowledgements);
      await share(senders, 4, () => {
        if (performance.now() > endAt) return undefined;
        const number = sent++;
        return (sender) => sender.send(sessionIds[number % sessionIds.length] ?? '', `event-${number}`);
      });
      return senders;
    };
    const loads = await Promise.all([load(near), load(far)]);

    for (const senders of loads) {
      const attempts = senders.flatMap((sender) => sender.attemptMs);
      expect(Math.max(...attempts)).toBeLessThan(MAX_ATTEMPT_MS);
      // Each of the 16 callers made progress.
      expect(attempts.length).toBeGreaterThan(16 * 3);
      expect(senders.reduce((sum, { failures }) => sum + failures, 0)).toBe(0);
    }
    await expectWholeLogs([near, far], sessionIds, acknowledgements);
  }, 60_000);
});
