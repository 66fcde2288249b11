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

/** Maximum number of requests in flight; the server stops reading at 1,000. */
const MAX_IN_FLIGHT = 256;

/** Maximum number of events without a reply, sent or not: as many as a media server can hold during an outage. */
const MAX_PENDING = 10_000;

/** Largest message that the server accepts, in bytes. A larger one would end every stream that carries it. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Backoff before opening another stream, in milliseconds: initial and maximum. */
const INITIAL_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/** Status codes after which another stream is opened. Other codes mean a bug of the client or a missing permission. */
const TRANSIENT_CODES = new Set([
  Code.UNAVAILABLE,
  Code.DEADLINE_EXCEEDED,
  Code.RESOURCE_EXHAUSTED,
  Code.INTERNAL,
  // From proxies between client and server.
  Code.UNKNOWN,
  Code.CANCELLED,
]);

interface PendingEvent {
  readonly bytes: Buffer;
  readonly resolve: (added: AddEventResponse) => void;
  readonly reject: (error: Error) => void;
}

/** The server rejected an event: it is not stored, and sending it again would not help. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(readonly status: Status) {
    super(status.message);
  }
}

/** Sends the events of all calls of a media server over one stream, and resends those without a reply after failures. */
export class IngestClient {
  /** Events without a reply, in the order of `add`. */
  private readonly pending: PendingEvent[] = [];
  /** How many of them, from the first, were sent on the current stream. */
  private sent = 0;
  private stream: ClientDuplexStream<Buffer, IngestEventsResponse> | undefined;
  private full = false;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private closing: (() => void) | undefined;

  constructor(private readonly client: SessionServiceClient) {}

  /**
   * Resolves once the event is durable. Rejects with EventRefused if the server rejects the event, and
   * with the stream's error if that is not transient: the event may or may not be stored then.
   */
  add(event: AddEventRequest): Promise<AddEventResponse> {
    // Encoded once, so that a resent event has the same bytes.
    const bytes = Buffer.from(IngestEventsRequest.encode({ event }).finish());
    return new Promise((resolve, reject) => {
      if (this.closing !== undefined) reject(new Error('the client is closed'));
      else if (bytes.length > MAX_MESSAGE_BYTES) reject(new Error(`the event has ${bytes.length} bytes`));
      else if (this.pending.length >= MAX_PENDING) reject(new Error(`${MAX_PENDING} events are unanswered`));
      else {
        this.pending.push({ bytes, resolve, reject });
        this.send();
      }
    });
  }

  /** Accepts no more events; resolves once all have a reply. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.closing = resolve;
      this.finishIfIdle();
    });
  }

  private send(): void {
    if (this.timer !== undefined) return;
    this.stream ??= this.open();
    while (!this.full && this.sent < MAX_IN_FLIGHT) {
      const next = this.pending[this.sent];
      if (next === undefined) return;
      this.sent += 1;
      // False means that the library's buffer is full until `drain`.
      this.full = !this.stream.write(next.bytes);
    }
  }

  private open(): ClientDuplexStream<Buffer, IngestEventsResponse> {
    const stream = this.client.makeBidiStreamRequest(
      SessionServiceService.ingestEvents.path,
      (bytes: Buffer) => bytes,
      (bytes) => IngestEventsResponse.decode(bytes),
      // Waits for a server instead of failing at once. No deadline, since it would apply to the whole stream.
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

  /** Replies arrive in request order: this one belongs to the first pending event. */
  private answer({ result }: IngestEventsResponse): void {
    const first = this.pending.shift();
    this.sent -= 1;
    this.failures = 0;
    if (result?.$case === 'added') first?.resolve(result.value);
    else first?.reject(new EventRefused(result?.value ?? { code: Code.UNKNOWN, message: '', details: [] }));
    this.send();
    this.finishIfIdle();
  }

  /** Resends all pending events, in order, over another stream. */
  private ended(error: ServiceError): void {
    this.stream = undefined;
    this.sent = 0;
    this.full = false;
    if (!TRANSIENT_CODES.has(error.code)) {
      for (const { reject } of this.pending.splice(0)) reject(error);
      this.finishIfIdle();
      return;
    }
    if (this.pending.length === 0) return;
    const backoff = Math.min(INITIAL_BACKOFF_MS * 2 ** this.failures, MAX_BACKOFF_MS);
    this.failures += 1;
    const delay = Math.max(retryAfterMs(error), backoff * (0.5 + Math.random() / 2));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.send();
    }, delay);
  }

  private finishIfIdle(): void {
    if (this.closing === undefined || this.pending.length > 0) return;
    this.stream?.end();
    this.closing();
  }
}

/** The delay of google.rpc.RetryInfo in milliseconds; 0 if the error has none. */
function retryAfterMs(error: ServiceError): number {
  const [trailer] = error.metadata.get('grpc-status-details-bin');
  if (!(trailer instanceof Uint8Array)) return 0;
  const detail = Status.decode(trailer).details.find(
    ({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.RetryInfo',
  );
  const delay = detail && RetryInfo.decode(detail.value).retryDelay;
  return delay === undefined ? 0 : delay.seconds * 1000 + delay.nanos / 1e6;
}
