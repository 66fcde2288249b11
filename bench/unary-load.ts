import { type Client, Metadata } from '@grpc/grpc-js';
import type { Job } from './job';
import type { Measurement } from './measurement';
import type { EncodedRequest, NextRequest } from './requests';

/** No call that is answered at all takes so long, in milliseconds. */
const CALL_MS = 20_000;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** So many callers, each of which sends its next request when it has the reply to the last. */
export async function loadUnary(
  client: Client,
  path: string,
  { inFlight, sessions }: Job,
  next: NextRequest,
  measurement: Measurement,
): Promise<void> {
  const caller = async (_: unknown, index: number): Promise<void> => {
    const session = index % sessions.length;
    while (!measurement.isOver) {
      const request = next(session);
      if (request === undefined) return;
      const sentAt = performance.now();
      measurement.answered(request, sentAt, await send(client, path, request));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

function send(client: Client, path: string, { bytes }: EncodedRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + CALL_MS;
    client.makeUnaryRequest(path, asItIs, asItIs, bytes, new Metadata(), { deadline }, (error, reply) => {
      if (error !== null) reject(error);
      else if (reply === undefined) reject(new Error(`${path} ended without a reply`));
      else resolve(reply);
    });
  });
}
