import { type Client, Metadata } from '@grpc/grpc-js';
import { IngestEventsResponse } from '../generated/conversation/v1/session_service';
import type { Job } from './job';
import type { Measurement } from './measurement';
import type { EncodedRequest, NextRequest } from './requests';

/** Deadline of the stream, longer than any run, in milliseconds. */
const STREAM_DEADLINE_MS = 120_000;

/** First byte of a reply with `added`, which is field 1; `error` is field 2. */
const ADDED_TAG = 0x0a;

const identity = (bytes: Buffer): Buffer => bytes;

/** Keeps `inFlight` events in flight on one stream, cycling through the sessions: each reply triggers the next event. */
export function loadStream(
  client: Client,
  path: string,
  { inFlight, sessions }: Job,
  next: NextRequest,
  measurement: Measurement,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const unanswered: { readonly request: EncodedRequest; readonly sentAt: number }[] = [];
    const options = { deadline: Date.now() + STREAM_DEADLINE_MS };
    const stream = client.makeBidiStreamRequest(path, identity, identity, new Metadata(), options);
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
          new Error(`an event was rejected: ${JSON.stringify(IngestEventsResponse.decode(reply))}`),
        );
      } else {
        measurement.recordReply(first.request, first.sentAt, reply);
        send();
      }
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (unanswered.length > 0)
        reject(new Error(`the stream ended with ${unanswered.length} events unanswered`));
      else resolve();
    });
    for (let sent = 0; sent < inFlight; sent += 1) send();
  });
}
