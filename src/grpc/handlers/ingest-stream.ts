import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import type { InFlightBudget } from '../../calls/in-flight-budget';
import { cancelled, type ConversationError, deadlineExceeded } from '../../core/errors';
import { RequestContext } from '../../core/request-context';
import type { EventStore } from '../../core/store';
import { CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { GrpcStream } from './grpc-stream';
import { type IngestOutcome, ingestRequest } from './ingest-request';

/** Unanswered requests of one stream, and their bytes, at which the server stops reading it. */
const MAX_PENDING_REQUESTS = 1000;
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** A request that has no reply yet. */
interface PendingReply {
  readonly context: RequestContext;
  readonly bytes: number;
  readonly outcome: Promise<IngestOutcome>;
}

/** IngestEvents: starts each append when its request arrives, and replies in the order of the requests. */
export function ingestEvents(
  events: EventStore,
  settings: CallSettings,
): handleBidiStreamingCall<Buffer, Buffer> {
  const records = new CallRecords('bidi_stream', 'IngestEvents', settings.telemetry);
  return (serverCall) => {
    const call = new GrpcStream(serverCall, records, settings.openCalls);
    call.run(settings.streamPipeline, () => new IngestStream(serverCall, call, events, settings).run());
  };
}

class IngestStream {
  private readonly pending: PendingReply[] = [];
  private pendingBytes = 0;
  private replying = false;
  private halfClosed = false;
  private ended = false;
  /** The error that the stream ends with; once it is set, no further request is read. */
  private ending: ConversationError | undefined;
  private readonly budget: InFlightBudget;
  private resolve: () => void = () => undefined;
  private reject: (error: ConversationError) => void = () => undefined;

  constructor(
    private readonly requests: ServerDuplexStream<Buffer, Buffer>,
    private readonly call: GrpcStream,
    private readonly events: EventStore,
    private readonly settings: CallSettings,
  ) {
    this.budget = settings.budget;
  }

  /** Resolves when every request has its reply; rejects with the error that the stream is to end with. */
  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.call.onAbort = (reason) => this.endGracefully(reason);
      this.call.onDisconnect = () => this.disconnect();
      this.requests.on('data', (bytes: Buffer) => this.receive(bytes));
      this.requests.on('end', () => {
        this.halfClosed = true;
        this.reply();
      });
    });
  }

  private receive(bytes: Buffer): void {
    if (this.ending !== undefined) return;
    const { record } = this.call;
    record.received();
    const deadline = Math.min(this.call.context.deadline, Date.now() + this.settings.defaultDeadlineMs);
    const context = new IngestContext(deadline, () => this.fail(deadlineExceeded()));
    this.budget.reserve(bytes.length);
    this.pendingBytes += bytes.length;
    this.pending.push({
      context,
      bytes: bytes.length,
      outcome: record.run(() => this.ingest(bytes, context)),
    });
    if (this.isFull()) this.requests.pause();
    this.reply();
  }

  /** Never rejects. A failure that ends the stream does so at once, not when its turn to be answered comes. */
  private async ingest(bytes: Buffer, context: RequestContext): Promise<IngestOutcome> {
    const outcome = await ingestRequest(bytes, context, this.events);
    this.budget.release(bytes.length);
    const { reply, failure } = outcome;
    if (failure !== undefined) {
      if (reply === undefined) this.fail(failure);
      else this.call.record.requestFailed(failure);
    }
    return outcome;
  }

  private reply(): void {
    if (this.replying) return;
    this.replying = true;
    void this.replyInOrder();
  }

  private async replyInOrder(): Promise<void> {
    for (let [next] = this.pending; next !== undefined && !this.ended; [next] = this.pending) {
      const { reply, failure } = await next.outcome;
      if (reply === undefined) {
        this.end(this.ending ?? failure);
        return;
      }
      if (!this.call.write(reply)) await this.call.untilWritable();
      this.pending.shift();
      this.pendingBytes -= next.bytes;
      if (this.requests.isPaused() && this.ending === undefined && !this.isFull()) this.requests.resume();
    }
    this.replying = false;
    if (this.ending !== undefined) this.end(this.ending);
    else if (this.halfClosed) this.end(undefined);
  }

  /** Asks the client to open another stream, unless it has sent its last request: that stream is answered to its end. */
  private endGracefully(reason: ConversationError): void {
    if (!this.halfClosed) this.stopReading(reason);
  }

  /** Answers the requests that were received, then ends the stream. */
  private stopReading(reason: ConversationError): void {
    if (this.ending !== undefined) return;
    this.ending = reason;
    this.reply();
  }

  /** As `stopReading`, and drops work that has not started. */
  private fail(failure: ConversationError): void {
    this.stopReading(failure);
    this.dropPending();
  }

  /** The client has gone: it has the replies that reached it, and resends the rest. */
  private disconnect(): void {
    this.dropPending();
    this.end(this.ending ?? cancelled());
  }

  private dropPending(): void {
    for (const { context } of this.pending) context.cancel();
  }

  private end(error: ConversationError | undefined): void {
    this.ended = true;
    if (error === undefined) this.resolve();
    else this.reject(error);
  }

  /** A client that does not read its replies is not read from either. */
  private isFull(): boolean {
    return (
      this.pending.length >= MAX_PENDING_REQUESTS ||
      this.pendingBytes >= MAX_PENDING_BYTES ||
      // A stream always has one request read, whatever others hold: with none pending, nothing would resume it.
      (this.pending.length > 0 && this.budget.isExhausted)
    );
  }
}

/** The first request that misses its deadline drops those after it at once: the store would go on to the next, out of order. */
class IngestContext extends RequestContext {
  constructor(
    deadline: number,
    private readonly onMissed: () => void,
  ) {
    super(deadline);
  }

  override throwIfEnded(): void {
    if (!this.cancelled && this.remainingMs() <= 0) this.onMissed();
    super.throwIfEnded();
  }
}
