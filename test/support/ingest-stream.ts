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

/** An event to send, filled up as the unary call's. */
export type IngestedEvent = Partial<AddEventRequest> & Pick<AddEventRequest, 'sessionId' | 'eventId'>;

/** One IngestEvents call: what was sent and what came back, in order. */
export class IngestStream {
  /** In the order in which they came. */
  readonly replies: IngestEventsResponse[] = [];
  /** How it ended: undefined for OK. */
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

  /** Requests that the library has taken to send; it queues the rest until the server lets it send more. */
  get takenCount(): number {
    return this.sent - this.call.writableLength;
  }

  send(event: IngestedEvent): void {
    const whole = { type: 'transcript', payload: undefined, ...event };
    this.sendBytes(IngestEventsRequest.encode({ event: whole }).finish());
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void {
    this.sent += 1;
    this.writable = this.call.write(Buffer.from(bytes));
  }

  /** Sends them all, no faster than the stream takes them, until it has ended. */
  async sendAll(events: Iterable<IngestedEvent>): Promise<void> {
    for (const event of events) {
      if (!this.writable) await Promise.race([this.untilWritable(), this.end]);
      if (this.ended) return;
      this.send(event);
    }
  }

  /** No more is sent. */
  halfClose(): void {
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }

  /** Replies stay with the server, but for what the connection's buffers hold. */
  stopReading(): void {
    this.call.pause();
  }

  readOn(): void {
    this.call.resume();
  }

  /** Once there are so many replies: all of them. */
  received(count: number): Promise<readonly IngestEventsResponse[]> {
    return until(`${count} replies`, () => (this.replies.length >= count ? this.replies : undefined), 20_000);
  }

  /** Half-closes, and returns all replies once the stream has ended well. @throws CallError */
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

/** What a reply says was added; throws where it is an error. */
export function addedOf(reply: IngestEventsResponse | undefined): AddEventResponse {
  if (reply?.result?.$case === 'added') return reply.result.value;
  throw new Error(`no event was added: ${JSON.stringify(reply)}`);
}

/** The error that a reply is; throws where the event was added. */
export function errorOf(reply: IngestEventsResponse | undefined): Status {
  if (reply?.result?.$case === 'error') return reply.result.value;
  throw new Error(`the reply is no error: ${JSON.stringify(reply)}`);
}
