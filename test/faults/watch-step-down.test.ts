import { connect, disconnect, readLog } from '../support/connect';
import { Acknowledgements, EventSender } from '../support/event-sender';
import { ReplicaSet } from '../support/replica-set';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';
import type { WatchStream } from '../support/watch-stream';

let set: ReplicaSet;

beforeAll(async () => {
  set = await ReplicaSet.start(3);
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(() => set.stop());

/** Starts a server process, and returns its port once it serves. */
async function startServer(): Promise<number> {
  const { service, port } = await startService({ MONGODB_URI: set.uri });
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  return port;
}

test('watches on two servers get every event once and in order, despite a step-down and a killed primary', async () => {
  const ports = [await startServer(), await startServer()];
  const sessionIds = ['call-1', 'call-2', 'call-3'];
  for (const sessionId of sessionIds) await connect(ports[0] ?? 0).createSession({ sessionId });
  const watches = ports.flatMap((port) =>
    sessionIds.flatMap((sessionId) =>
      [1, 2, 3].map(() => ({ sessionId, watch: connect(port).watchSession({ sessionId }, 120_000) })),
    ),
  );
  for (const { watch } of watches) await watch.caughtUp();

  const acknowledgements = new Acknowledgements();
  const senders = ports.map((port) => new EventSender(connect(port), acknowledgements));
  let sent = 0;
  let done = false;
  const write = async (sender: EventSender): Promise<void> => {
    while (!done) {
      const number = sent++;
      await sender.send(sessionIds[number % sessionIds.length] ?? '', `event-${number}`);
    }
  };
  const writing = Promise.all(senders.flatMap((sender) => [write(sender), write(sender), write(sender)]));
  const moreEvents = async (): Promise<void> => {
    const target = sent + 150;
    await until('more events are sent', () => (sent >= target ? true : undefined), 60_000);
  };

  await moreEvents();
  // The step-down closes the connection, which fails the command.
  await (await set.primary()).command({ replSetStepDown: 10, force: true }).catch(() => undefined);
  await moreEvents();
  const lost = await set.primary();
  await lost.kill();
  await moreEvents();
  await lost.start();
  await moreEvents();
  done = true;
  await writing;

  for (const { sessionId, watch } of watches) await expectWhole(watch, sessionId, acknowledgements);
  for (const { sessionId } of watches) {
    const stored = await readLog(connect(ports[1] ?? 0), sessionId);
    expect(stored).toHaveLength(acknowledgements.sequences.get(sessionId)?.size ?? 0);
  }
  for (const sessionId of sessionIds) await connect(ports[1] ?? 0).completeSession({ sessionId });
  for (const { watch } of watches) expect(await watch.end).toBeUndefined();
}, 180_000);

test('a watch does not wait for a former primary that lags', async () => {
  const ports = [await startServer(), await startServer()];
  const sessionId = 'call-behind';
  await connect(ports[0] ?? 0).createSession({ sessionId });
  const watch = connect(ports[0] ?? 0).watchSession({ sessionId }, 120_000);
  await watch.caughtUp();
  // This shows that the change stream is open on the current primary.
  const add = (eventId: string) => connect(ports[1] ?? 0).addEvent({ sessionId, eventId, type: 'note' });
  await add('event-1');
  await watch.reached(1);

  const former = await set.primary();
  await former.command({ replSetStepDown: 30, force: true }).catch(() => undefined);
  await set.primary();
  await former.command({ fsync: 1, lock: true });
  try {
    const sender = new EventSender(connect(ports[1] ?? 0), new Acknowledgements());
    await sender.send(sessionId, 'event-2');
    await watch.reached(2);
  } finally {
    await former.command({ fsyncUnlock: 1 });
  }
}, 120_000);

/** Expects a watch to receive exactly the acknowledged events, in order and without gaps. */
async function expectWhole(
  watch: WatchStream,
  sessionId: string,
  { sequences }: Acknowledgements,
): Promise<void> {
  const acknowledged = sequences.get(sessionId) ?? new Map<string, number>();
  // The set has just replaced a killed member, with every process on the same two cores.
  await watch.reached(acknowledged.size, 60_000);
  expect(watch.events.map(({ sequence }) => sequence)).toEqual(watch.events.map((_, index) => index + 1));
  expect(new Map(watch.events.map(({ eventId, sequence }) => [eventId, sequence]))).toEqual(acknowledged);
}
