import { type Client, Metadata } from '@grpc/grpc-js';
import type { Job } from './job';
import type { Measurement } from './measurement';
import type { EncodedRequest, NextRequest } from './requests';

/** Deadline of a call, longer than any successful call takes, in milliseconds. */
const CALL_DEADLINE_MS = 20_000;

const identity = (bytes: Buffer): Buffer => bytes;

/** Runs `inFlight` callers. Each sends its next request after the reply to the previous one. */
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
      measurement.recordReply(request, sentAt, await send(client, path, request));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

function send(client: Client, path: string, { bytes }: EncodedRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + CALL_DEADLINE_MS;
    client.makeUnaryRequest(path, identity, identity, bytes, new Metadata(), { deadline }, (error, reply) => {
      if (error !== null) reject(error);
      else if (reply === undefined) reject(new Error(`${path} ended without a reply`));
      else resolve(reply);
    });
  });
}
