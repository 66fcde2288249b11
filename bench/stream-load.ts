import { type Client, Metadata } from '@grpc/grpc-js';
import { IngestEventsResponse } from '../generated/conversation/v1/session_service';
import type { Job } from './job';
import type { Measurement } from './measurement';
import type { EncodedRequest, NextRequest } from './requests';

/** No run takes so long, in milliseconds. */
const STREAM_MS = 120_000;

/** First byte of a reply that holds `added`, which is field 1; an error is field 2. */
const ADDED_TAG = 0x0a;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** One stream with so many events unanswered, the sessions in turn; each reply lets the next one go. */
export function loadStream(
  client: Client,
  path: string,
  { inFlight, sessions }: Job,
  next: NextRequest,
  measurement: Measurement,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const unanswered: { readonly request: EncodedRequest; readonly sentAt: number }[] = [];
    const options = { deadline: Date.now() + STREAM_MS };
    const stream = client.makeBidiStreamRequest(path, asItIs, asItIs, new Metadata(), options);
    let turn = 0;
    const send = (): void => {
      const request = measurement.isOver ? undefined : next(turn % sessions.length);
      turn += 1;
      if (request !== undefined) {
        unanswered.push({ request, sentAt: performance.now() });
        stream.write(request.bytes);
      } else if (unanswered.length === 0) {
        stream.end();
      }
    };
    stream.on('data', (reply: Buffer) => {
      const first = unanswered.shift();
      if (first === undefined) {
        stream.destroy(new Error('the stream has more replies than requests'));
      } else if (reply[0] !== ADDED_TAG) {
        stream.destroy(
          new Error(`an event was refused: ${JSON.stringify(IngestEventsResponse.decode(reply))}`),
        );
      } else {
        measurement.answered(first.request, first.sentAt, reply);
        send();
      }
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (unanswered.length > 0)
        reject(new Error(`${unanswered.length} events of the stream were not answered`));
      else resolve();
    });
    for (let sent = 0; sent < inFlight; sent += 1) send();
  });
}
