import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import {
  cancelled,
  ConversationError,
  deadlineExceeded,
  internalError,
  overloaded,
  shuttingDown,
} from '../../core/errors';
import { RequestContext } from '../../core/request-context';
import { encodeMessage, type MessageEncoder } from '../../protobuf/encode-message';
import { type CallRecord, CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { decodeRequest, type MessageDecoder } from '../messages/decode-request';
import { grantFor, type RpcName } from '../method-scopes';
import { toCallStatus } from '../status';

/** Node's timers go no further: about 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Answers one request: returns the response or throws. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: RequestContext,
) => Promise<Response>;

/** A method of the service: its messages' codecs and what answers it. */
export interface UnaryMethod<Request, Response> {
  readonly name: RpcName;
  readonly request: MessageDecoder<Request>;
  readonly response: MessageEncoder<Response>;
  readonly handler: UnaryHandler<Request, Response>;
}

/**
 * The one wrapper around every unary method. Between bytes and bytes it owns
 * decoding, deadline, cancellation, the answer exactly once, its record, and
 * the catch-all: a handler that throws would otherwise leave the client waiting.
 */
export function handleUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  settings: CallSettings,
): handleUnaryCall<Buffer, Buffer> {
  const records = new CallRecords('unary', method.name, settings.telemetry);
  return (call, callback) => {
    const record = records.begin(call);
    const answer = new Answer(record, call, callback, settings);
    if (settings.calls.refusing) {
      answer.fail(shuttingDown());
      return;
    }
    const { budget } = settings;
    if (budget.isExhausted) {
      answer.fail(overloaded());
      return;
    }
    const bytes = call.request.length;
    budget.reserve(bytes);
    const work = async (): Promise<Buffer> => {
      record.caller = grantFor(method.name, call.metadata, settings.authorizer).caller;
      return respond(method, call.request, answer.context);
    };
    record
      .run(work)
      .then(
        (message) => answer.succeed(message),
        (error: unknown) => answer.fail(error instanceof ConversationError ? error : internalError(error)),
      )
      .finally(() => budget.release(bytes));
  };
}

async function respond<Request, Response>(
  method: UnaryMethod<Request, Response>,
  bytes: Buffer,
  context: RequestContext,
): Promise<Buffer> {
  const request = decodeRequest(method.request, bytes);
  context.throwIfEnded();
  return encodeMessage(method.response, await method.handler(request, context));
}

/** The one answer to a call: whichever of the handler, the deadline and the caller's hanging up comes first. */
class Answer {
  readonly context: RequestContext;
  private readonly timer: NodeJS.Timeout;
  private answered = false;

  constructor(
    private readonly record: CallRecord,
    call: ServerUnaryCall<Buffer, Buffer>,
    private readonly callback: sendUnaryData<Buffer>,
    settings: CallSettings,
  ) {
    record.received();
    this.context = new RequestContext(deadlineOf(call, settings.defaultDeadlineMs));
    this.timer = setTimeout(
      () => this.fail(deadlineExceeded()),
      Math.min(this.context.remainingMs(), LONGEST_TIMER_MS),
    );
    if (call.cancelled) {
      // Its stream was closed before its request was whole: nobody waits, and no event is to come.
      this.close(cancelled());
      this.context.cancel();
      return;
    }
    settings.calls.begin();
    // It comes when the call's stream closes, answered or not: by then an answer has left.
    call.once('cancelled', () => {
      this.context.cancel();
      if (!this.answered) this.fail(this.context.remainingMs() <= 0 ? deadlineExceeded() : cancelled());
      settings.calls.end();
    });
  }

  succeed(message: Buffer): void {
    if (this.answered) return;
    this.close();
    this.record.sent();
    this.callback(null, message);
  }

  fail(error: ConversationError): void {
    if (this.answered) return;
    this.close(error);
    this.callback(toCallStatus(error));
  }

  private close(failure?: ConversationError): void {
    this.answered = true;
    clearTimeout(this.timer);
    this.record.end(failure);
  }
}

/** In milliseconds since the epoch. A call that brings no deadline would wait for ever: it gets one. */
function deadlineOf(call: ServerUnaryCall<Buffer, Buffer>, defaultMs: number): number {
  const deadline = Number(call.getDeadline());
  return deadline === Infinity ? Date.now() + defaultMs : deadline;
}
