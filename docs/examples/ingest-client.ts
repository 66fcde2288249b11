import { type ClientDuplexStream, Metadata, type ServiceError, status as Code } from '@grpc/grpc-js';
import {
  type AddEventRequest,
  type AddEventResponse,
  IngestEventsRequest,
  IngestEventsResponse,
  type SessionServiceClient,
  SessionServiceService,
} from '../../generated/conversation/v1/session_service';
import { RetryInfo } from '../../generated/google/rpc/error_details';
import { Status } from '../../generated/google/rpc/status';

/** Sent and unanswered at once: the server stops reading at 1,000. */
const WINDOW = 256;

/** Events kept at most, sent or not: what a media server can hold while no server answers. */
const KEPT = 10_000;

/** What the server takes as one message, in bytes. A larger one would end the stream, each time anew. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** How long to wait before another stream, in milliseconds: the first time, and at most. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Ends of a stream after which another is opened. Any other is a fault of the client or its rights. */
const PASSING = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.INTERNAL,
  // A proxy between may say so.
  Code.UNKNOWN,
  Code.CANCELLED,
]);

interface Kept {
  readonly bytes: Buffer;
  readonly resolve: (added: AddEventResponse) => void;
  readonly reject: (error: Error) => void;
}

/** The server's answer to one event: it is not stored, and the same event will not be. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(readonly status: Status) {
    super(status.message);
  }
}

/** Sends the events of all calls of a media server over one stream, each until it is answered. */
export class IngestClient {
  /** Unanswered, in the order of `add`. */
  private readonly kept: Kept[] = [];
  /** How many of them, from the first, are on the present stream. */
  private sent = 0;
  private stream: ClientDuplexStream<Buffer, IngestEventsResponse> | undefined;
  private full = false;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private closing: (() => void) | undefined;

  constructor(private readonly client: SessionServiceClient) {}

  /**
   * Resolves once the event is durable. Rejects with EventRefused, or where no stream
   * can bring it: then whether it is stored is not known.
   */
  add(event: AddEventRequest): Promise<AddEventResponse> {
    // Encoded once: what is sent again is the same, byte for byte.
    const bytes = Buffer.from(IngestEventsRequest.encode({ event }).finish());
    return new Promise((resolve, reject) => {
      if (this.closing !== undefined) reject(new Error('the client is closed'));
      else if (bytes.length > MESSAGE_BYTES) reject(new Error(`the event has ${bytes.length} bytes`));
      else if (this.kept.length >= KEPT) reject(new Error(`${KEPT} events are unanswered`));
      else {
        this.kept.push({ bytes, resolve, reject });
        this.send();
      }
    });
  }

  /** Takes no more events; resolves once all are answered. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.closing = resolve;
      this.finishIfIdle();
    });
  }

  private send(): void {
    if (this.timer !== undefined) return;
    this.stream ??= this.open();
    while (!this.full && this.sent < WINDOW) {
      const next = this.kept[this.sent];
      if (next === undefined) return;
      this.sent += 1;
      // False: the library's buffer is full, until `drain`.
      this.full = !this.stream.write(next.bytes);
    }
  }

  private open(): ClientDuplexStream<Buffer, IngestEventsResponse> {
    const stream = this.client.makeBidiStreamRequest(
      SessionServiceService.ingestEvents.path,
      (bytes: Buffer) => bytes,
      (bytes) => IngestEventsResponse.decode(bytes),
      // Wait for a server rather than fail at once. No deadline: it would be the whole stream's.
      new Metadata({ waitForReady: true }),
    );
    stream.on('data', (reply: IngestEventsResponse) => this.answer(reply));
    stream.on('drain', () => {
      this.full = false;
      this.send();
    });
    stream.on('error', (error: ServiceError) => this.ended(error));
    return stream;
  }

  /** Replies come in the order of the requests: this one is the first unanswered event's. */
  private answer({ result }: IngestEventsResponse): void {
    const first = this.kept.shift();
    this.sent -= 1;
    this.failures = 0;
    if (result?.$case === 'added') first?.resolve(result.value);
    else first?.reject(new EventRefused(result?.value ?? { code: Code.UNKNOWN, message: '', details: [] }));
    this.send();
    this.finishIfIdle();
  }

  /** What has no reply goes again, from the first on, over another stream. */
  private ended(error: ServiceError): void {
    this.stream = undefined;
    this.sent = 0;
    this.full = false;
    if (!PASSING.has(error.code)) {
      for (const { reject } of this.kept.splice(0)) reject(error);
      this.finishIfIdle();
      return;
    }
    if (this.kept.length === 0) return;
    const backOff = Math.min(FIRST_WAIT_MS * 2 ** this.failures, LONGEST_WAIT_MS);
    this.failures += 1;
    const wait = Math.max(retryAfterMs(error), backOff * (0.5 + Math.random() / 2));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, wait);
  }

  private finishIfIdle(): void {
    if (this.closing === undefined || this.kept.length > 0) return;
    this.stream?.end();
    this.closing();
  }
}

/** What the server asks for by google.rpc.RetryInfo, in milliseconds; 0 where it asks for nothing. */
function retryAfterMs(error: ServiceError): number {
  const [trailer] = error.metadata.get('grpc-status-details-bin');
  if (!(trailer instanceof Uint8Array)) return 0;
  const detail = Status.decode(trailer).details.find(
    ({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.RetryInfo',
  );
  const delay = detail && RetryInfo.decode(detail.value).retryDelay;
  return delay === undefined ? 0 : delay.seconds * 1000 + delay.nanos / 1e6;
}
