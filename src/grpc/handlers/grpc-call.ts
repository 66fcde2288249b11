import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import type { Call } from '../../calls/call';
import { RequestContext } from '../../core/request-context';
import type { Scope } from '../../security/authorizer';
import { authorizationOf, METHOD_SCOPES } from '../method-scopes';
import type { CallRecord, CallRecords } from './call-record';
import type { OpenCalls } from './open-calls';

/** What grpc-js's calls of every kind have. */
interface ServerCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getPeer(): string;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** A grpc-js call as the interceptors see it. */
export class GrpcCall implements Call {
  readonly scope: Scope;
  readonly record: CallRecord;
  readonly context: RequestContext;
  private closed = false;
  /** Called when the call's stream closes, whether or not the call was answered. */
  protected onClose: (() => void) | undefined;

  /** @param deadline in milliseconds since the epoch */
  constructor(
    private readonly serverCall: ServerCall,
    records: CallRecords,
    openCalls: OpenCalls,
    deadline: number,
    readonly requestBytes: number,
  ) {
    this.scope = METHOD_SCOPES[records.method];
    this.record = records.begin(serverCall);
    this.context = new RequestContext(deadline);
    if (serverCall.cancelled) {
      // The client cancelled before its request was complete: no event follows.
      this.close();
      return;
    }
    // The library ends calls at their deadline, and emits nothing more for one that reaches its handler later.
    const isCounted = this.context.remainingMs() > 0;
    if (isCounted) openCalls.add();
    // The library emits it when the stream closes, also after an answer.
    serverCall.once('cancelled', () => {
      this.close();
      if (isCounted) openCalls.remove();
    });
  }

  get authorization(): string | undefined {
    return authorizationOf(this.serverCall.metadata);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  private close(): void {
    this.closed = true;
    this.context.cancel();
    this.onClose?.();
  }
}

/** A call's own deadline, or the default one: without any, a call could wait for ever. */
export function deadlineOf(call: ServerUnaryCall<Buffer, Buffer>, defaultMs: number): number {
  const deadline = Number(call.getDeadline());
  return deadline === Infinity ? Date.now() + defaultMs : deadline;
}
