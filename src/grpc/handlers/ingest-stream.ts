import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import {
  IngestEventsRequest,
  IngestEventsResponse,
} from '../../../generated/conversation/v1/session_service';
import type { Grant } from '../../security/authorizer';
import {
  cancelled,
  ConversationError,
  deadlineExceeded,
  type ErrorReason,
  internalError,
  invalidRequest,
  shuttingDown,
  streamAged,
  tokenRevoked,
} from '../../core/errors';
import { RequestContext } from '../../core/request-context';
import type { EventStore } from '../../core/store';
import { addEvent } from '../../core/use-cases/add-event';
import { encodeMessage } from '../../protobuf/encode-message';
import { type CallRecord, CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { decodeRequest } from '../messages/decode-request';
import { toAddEventResponse } from '../messages/session-messages';
import { grantFor } from '../method-scopes';
import { toCallStatus, toStatusMessage } from '../status';

/** Unanswered requests of one stream, and their bytes, at which the server stops reading it. */
const UNANSWERED_REQUESTS = 1000;
const UNANSWERED_BYTES = 4 * 1024 * 1024;

/** Failures that are the request's own: it gets its error, and the stream goes on. */
const OWN_FAILURES = new Set<ErrorReason>(['INVALID_REQUEST', 'SESSION_NOT_FOUND', 'SEQUENCE_MISMATCH']);

/** What became of a request: its reply's bytes, or a failure that ends the stream. */
type Outcome = { readonly reply: Buffer } | { readonly failure: ConversationError };

interface Unanswered {
  readonly context: RequestContext;
  readonly bytes: number;
  readonly outcome: Promise<Outcome>;
}

/** IngestEvents: appends as they come, and answers in the order in which they came. */
export function ingestEvents(
  events: EventStore,
  settings: CallSettings,
): handleBidiStreamingCall<Buffer, Buffer> {
  const records = new CallRecords('bidi_stream', 'IngestEvents', settings.telemetry);
  return (call) => {
    new IngestStream(call, records.begin(call), events, settings).start();
  };
}

class IngestStream {
  private readonly unanswered: Unanswered[] = [];
  private unansweredBytes = 0;
  private answered = 0;
  private answering = false;
  private halfClosed = false;
  private closed = false;
  /** Why nothing more is taken; what the stream ends with. */
  private ending: ConversationError | undefined;
  private resumeWriting: (() => void) | undefined;
  private readonly age: NodeJS.Timeout;
  private grant: Grant | undefined;
  private readonly onDrain = (): void => this.retire(shuttingDown());
  private readonly onRevoked = (): void => this.retire(tokenRevoked());

  constructor(
    private readonly call: ServerDuplexStream<Buffer, Buffer>,
    private readonly record: CallRecord,
    private readonly events: EventStore,
    private readonly settings: CallSettings,
  ) {
    this.age = setTimeout(() => this.retire(streamAged()), settings.maxStreamAgeMs);
  }

  start(): void {
    this.settings.calls.begin(this.onDrain);
    this.call.on('data', (bytes: Buffer) => this.take(bytes));
    this.call.on('end', () => {
      this.halfClosed = true;
      this.answer();
    });
    this.call.on('drain', () => this.resumeWriting?.());
    // It comes when the stream closes, in whatever way.
    this.call.once('cancelled', () => this.close());
    if (this.settings.calls.refusing) this.stopTaking(shuttingDown());
    else this.letIn();
  }

  private letIn(): void {
    try {
      this.grant = grantFor('IngestEvents', this.call.metadata, this.settings.authorizer);
      this.grant.onRevoked(this.onRevoked);
    } catch (error) {
      this.stopTaking(error instanceof ConversationError ? error : internalError(error));
    }
  }

  private take(bytes: Buffer): void {
    if (this.ending !== undefined) return;
    this.record.received();
    const deadline = Math.min(Number(this.call.getDeadline()), Date.now() + this.settings.defaultDeadlineMs);
    const context = new EventContext(deadline, () => this.abandon(deadlineExceeded()));
    this.settings.budget.reserve(bytes.length);
    this.unansweredBytes += bytes.length;
    this.unanswered.push({
      context,
      bytes: bytes.length,
      outcome: this.record.run(() => this.append(bytes, context)),
    });
    if (this.isFull()) this.call.pause();
    this.answer();
  }

  /** Never rejects. A failure that is not the request's own stops the stream at once, not when its turn comes. */
  private async append(bytes: Buffer, context: RequestContext): Promise<Outcome> {
    try {
      const { event: request } = decodeRequest(IngestEventsRequest, bytes);
      if (request === undefined) throw invalidRequest([{ field: 'event', description: 'is required' }]);
      const added = await addEvent(this.events, request, context, 'event.');
      return encode({ $case: 'added', value: toAddEventResponse(added) });
    } catch (error) {
      const failure = error instanceof ConversationError ? error : internalError(error);
      if (OWN_FAILURES.has(failure.reason))
        return encode({ $case: 'error', value: toStatusMessage(failure) });
      this.abandon(failure);
      return { failure };
    } finally {
      this.settings.budget.release(bytes.length);
    }
  }

  private answer(): void {
    if (this.answering) return;
    this.answering = true;
    void this.answerInOrder();
  }

  private async answerInOrder(): Promise<void> {
    for (let [next] = this.unanswered; next !== undefined && !this.closed; [next] = this.unanswered) {
      const outcome = await next.outcome;
      if ('failure' in outcome) {
        this.end(this.ending ?? outcome.failure);
        return;
      }
      if (!this.call.write(outcome.reply)) await this.untilWritable();
      this.record.sent();
      this.answered += 1;
      this.unanswered.shift();
      this.unansweredBytes -= next.bytes;
      if (this.call.isPaused() && this.ending === undefined && !this.isFull()) this.call.resume();
    }
    this.answering = false;
    if (this.ending !== undefined) this.end(this.ending);
    else if (this.halfClosed) this.call.end();
  }

  /** The client is to open another, unless it has said that nothing more comes: then this one is answered to its end. */
  private retire(error: ConversationError): void {
    if (!this.halfClosed) this.stopTaking(error);
  }

  /** What was taken is answered, then the stream ends so. */
  private stopTaking(error: ConversationError): void {
    if (this.ending !== undefined) return;
    this.ending = error;
    this.answer();
  }

  /** Nothing more is taken, and what has not started is dropped. */
  private abandon(failure: ConversationError): void {
    this.stopTaking(failure);
    for (const { context } of this.unanswered) context.cancel();
  }

  private end(error: ConversationError): void {
    if (this.closed) return;
    this.closed = true;
    this.ending = error;
    this.call.emit('error', toCallStatus(error));
    // What the client still sends is read away, so that the status reaches it.
    this.call.resume();
  }

  /** The stream is gone: its client has what was written, or will send again. */
  private close(): void {
    this.closed = true;
    clearTimeout(this.age);
    for (const { context } of this.unanswered) context.cancel();
    this.resumeWriting?.();
    this.settings.calls.end(this.onDrain);
    this.grant?.offRevoked(this.onRevoked);
    const failure = this.ending ?? (this.halfClosed ? undefined : cancelled());
    this.record.end(failure, { events: this.answered });
  }

  /** A client that does not read its replies is not read from either. */
  private isFull(): boolean {
    return (
      this.unanswered.length >= UNANSWERED_REQUESTS ||
      this.unansweredBytes >= UNANSWERED_BYTES ||
      // One at a time is read whatever others hold: a stream with nothing unanswered has nobody to wake it.
      (this.unanswered.length > 0 && this.settings.budget.isExhausted)
    );
  }

  private untilWritable(): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => (this.resumeWriting = resolve));
  }
}

/** The first event that misses its deadline drops those after it at once: a store would go on to the next, out of order. */
class EventContext extends RequestContext {
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

function encode(result: IngestEventsResponse['result']): Outcome {
  return { reply: encodeMessage(IngestEventsResponse, { result }) };
}
