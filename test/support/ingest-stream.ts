import { type ClientDuplexStream, type ServiceError, status as Code, type StatusObject } from '@grpc/grpc-js';
import {
  type AddEventRequest,
  type AddEventResponse,
  IngestEventsRequest,
  IngestEventsResponse,
} from '../../generated/conversation/v1/session_service';
import type { Status } from '../../generated/google/rpc/status';
import { CallError } from './call-error';
import { until } from './until';

/** An event to send; missing fields get the same defaults as in the unary call. */
export type IngestedEvent = Partial<AddEventRequest> & Pick<AddEventRequest, 'sessionId' | 'eventId'>;

/** One IngestEvents call: the requests sent, the replies received, and how it ended. */
export class IngestStream {
  /** In order of arrival. */
  readonly replies: IngestEventsResponse[] = [];
  /** How the call ended; undefined: OK. */
  readonly end: Promise<CallError | undefined>;
  private sent = 0;
  private writable = true;
  private ended = false;

  constructor(private readonly call: ClientDuplexStream<Buffer, Buffer>) {
    call.on('data', (bytes: Buffer) => this.replies.push(IngestEventsResponse.decode(bytes)));
    call.on('drain', () => (this.writable = true));
    this.end = new Promise((resolve) => {
      call.once('error', (error: ServiceError) => {
        this.ended = true;
        resolve(new CallError(error));
      });
      call.once('status', ({ code }: StatusObject) => {
        this.ended = true;
        if (code === Code.OK) resolve(undefined);
      });
    });
  }

  /** The number of requests that the library has accepted to send; the others wait for flow control. */
  get acceptedCount(): number {
    return this.sent - this.call.writableLength;
  }

  send(event: IngestedEvent): void {
    const whole = { type: 'transcript', payload: undefined, ...event };
    this.sendBytes(IngestEventsRequest.encode({ event: whole }).finish());
  }

  /** Sends bytes unchanged. */
  sendBytes(bytes: Uint8Array): void {
    this.sent += 1;
    this.writable = this.call.write(Buffer.from(bytes));
  }

  /** Sends all events, no faster than the stream accepts them, unless it ends before. */
  async sendAll(events: Iterable<IngestedEvent>): Promise<void> {
    for (const event of events) {
      if (!this.writable) await Promise.race([this.untilWritable(), this.end]);
      if (this.ended) return;
      this.send(event);
    }
  }

  /** Ends the client's side of the stream. */
  halfClose(): void {
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }

  /** Stops reading: replies stay at the server, except for those in the connection's buffers. */
  stopReading(): void {
    this.call.pause();
  }

  resumeReading(): void {
    this.call.resume();
  }

  /** Waits until this many replies have arrived, and returns all. */
  received(count: number): Promise<readonly IngestEventsResponse[]> {
    return until(
      `${count} replies arrive`,
      () => (this.replies.length >= count ? this.replies : undefined),
      20_000,
    );
  }

  /** Half-closes, and returns all replies when the stream has ended with OK. @throws CallError */
  async finish(): Promise<readonly IngestEventsResponse[]> {
    this.halfClose();
    const error = await this.end;
    if (error !== undefined) throw error;
    return this.replies;
  }

  private untilWritable(): Promise<void> {
    return new Promise((resolve) => this.call.once('drain', resolve));
  }
}

/** Returns the added event; throws if the reply is an error. */
export function addedOf(reply: IngestEventsResponse | undefined): AddEventResponse {
  if (reply?.result?.$case === 'added') return reply.result.value;
  throw new Error(`no event was added: ${JSON.stringify(reply)}`);
}

/** Returns the reply's error; throws if the event was added. */
export function errorOf(reply: IngestEventsResponse | undefined): Status {
  if (reply?.result?.$case === 'error') return reply.result.value;
  throw new Error(`the reply is not an error: ${JSON.stringify(reply)}`);
}
