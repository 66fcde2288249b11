import { connect, disconnect, readLog } from '../support/connect';
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

/** A server process that serves, by its port. */
async function startServer(mongodbUri: string): Promise<number> {
  const { service, port } = await startService({ MONGODB_URI: mongodbUri });
  await until('it serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
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

/** Each sender does so many pieces of work at once, until there is no next one. */
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

/** Each log is what was acknowledged, dense and in order of time, through either server. */
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

it('keeps every log whole under 20,000 events through two servers, with retries and repeats', async () => {
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
      // Of a hundred, five are hung up on, five are sent again elsewhere, five to both servers at once.
      const kind = Math.floor(number / sessionIds.length) % 20;
      if (kind === 1) await sender.sendImpatiently(sessionId, eventId, 5);
      else
        await Promise.all(
          [sender, ...(kind === 2 && other ? [other] : [])].map((one) => one.send(sessionId, eventId)),
        );
      if (kind === 3) await other?.send(sessionId, eventId);
    };
  };
  await Promise.all([share(here, 16, () => next(there)), share(there, 16, () => next(here))]);

  const all = [...here, ...there];
  expect(all.reduce((sum, { cut }) => sum + cut, 0)).toBeGreaterThan(0);
  expect([...acknowledgements.sequences.values()].map(({ size }) => size)).toEqual(
    Array<number>(20).fill(1000),
  );
  await expectWholeLogs(ports, sessionIds, acknowledgements);
}, 100_000);
