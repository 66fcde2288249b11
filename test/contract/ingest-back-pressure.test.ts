import { addedOf } from '../support/ingest-stream';
import { storedCount } from '../support/stored-count';
import { untilBlocked } from '../support/until-blocked';
import { describeContract, newSession } from './describe-contract';

const EVENTS = 10_000;
const PAYLOAD = { text: 'x'.repeat(1000) };

describeContract('IngestEvents to a client that reads no reply', (service) => {
  test('it is not read from either; then all is answered in order', async () => {
    const sessionIds = await Promise.all(Array.from({ length: 10 }, () => newSession(service)));
    const sent = Array.from({ length: EVENTS }, (_, index) => ({
      sessionId: sessionIds[index % sessionIds.length] ?? '',
      eventId: `e${index}`,
      payload: PAYLOAD,
    }));
    const stream = service.client.ingestEvents(120_000);
    stream.stopReading();
    const sending = stream.sendAll(sent);
    const besideId = await newSession(service);
    const { taken, stored } = await untilBlocked(stream, sessionIds, service.other, besideId);
    // What the server takes unanswered, and what the replies' way to the client holds.
    expect(stored).toBeLessThan(EVENTS / 2);
    // Beside that the client's library keeps a MiB, to send it again.
    expect(taken).toBeLessThan(EVENTS / 2);
    expect(stream.replies).toEqual([]);

    stream.readOn();
    await sending;
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event, duplicate }) => [event?.eventId, event?.sequence, duplicate])).toEqual(
      sent.map(({ eventId }, index) => [eventId, Math.floor(index / sessionIds.length) + 1, false]),
    );
    expect(await storedCount(service.other, sessionIds)).toBe(EVENTS);
  }, 60_000);
});
