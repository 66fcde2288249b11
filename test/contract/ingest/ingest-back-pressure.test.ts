import { addedOf } from '../../support/ingest-stream';
import { storedCount } from '../../support/stored-count';
import { untilBlocked } from '../../support/until-blocked';
import { describeContract, newSession } from '../support/describe-contract';

const EVENTS = 10_000;
const PAYLOAD = { text: 'x'.repeat(1000) };

describeContract('IngestEvents with a client that does not read replies', (service) => {
  test('the server stops reading; when the client resumes, all events are answered in order', async () => {
    const sessionIds = await Promise.all(Array.from({ length: 10 }, () => newSession(service)));
    const sent = Array.from({ length: EVENTS }, (_, index) => ({
      sessionId: sessionIds[index % sessionIds.length] ?? '',
      eventId: `e${index}`,
      payload: PAYLOAD,
    }));
    const stream = service.client.ingestEvents(120_000);
    stream.stopReading();
    const sending = stream.sendAll(sent);
    const otherId = await newSession(service);
    const { accepted, stored } = await untilBlocked(stream, sessionIds, service.other, otherId);
    // Bounded by the server's limit of unanswered requests and the buffers for replies.
    expect(stored).toBeLessThan(EVENTS / 2);
    // In addition, the client library buffers up to 1 MiB for retries.
    expect(accepted).toBeLessThan(EVENTS / 2);
    expect(stream.replies).toEqual([]);

    stream.resumeReading();
    await sending;
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event, duplicate }) => [event?.eventId, event?.sequence, duplicate])).toEqual(
      sent.map(({ eventId }, index) => [eventId, Math.floor(index / sessionIds.length) + 1, false]),
    );
    expect(await storedCount(service.other, sessionIds)).toBe(EVENTS);
  }, 60_000);
});
