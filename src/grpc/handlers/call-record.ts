import { type Metadata, status as Code } from '@grpc/grpc-js';
import type { Call, Interceptor } from '../../calls/call';
import { logFailure, logSuccess, roundMs } from '../../calls/call-log';
import { asConversationError, type ConversationError } from '../../core/errors';
import type { RpcMetrics, RpcType } from '../../telemetry/metrics';
import type { Telemetry } from '../../telemetry/telemetry';
import type { CallSpan } from '../../telemetry/tracing';
import { type RpcName, SERVICE_NAME } from '../method-scopes';
import { CODE_NAMES, toCode } from '../status';

/** The part of a grpc-js call that its record needs. */
interface RecordedCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** Failures that are the server's fault, by OpenTelemetry's conventions for gRPC. */
const SERVER_FAULTS = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** Makes the records of one method's calls. */
export class CallRecords {
  readonly metrics: RpcMetrics;

  constructor(
    readonly type: RpcType,
    readonly method: RpcName,
    readonly telemetry: Telemetry,
  ) {
    this.metrics = telemetry.metrics.rpc(type, SERVICE_NAME, method, CODE_NAMES);
  }

  begin(call: RecordedCall): CallRecord {
    return new CallRecord(this, call);
  }
}

/** One call, from its start to its end: its metrics, its span and its log line. */
export class CallRecord {
  private readonly startedAt = performance.now();
  private readonly span: CallSpan | undefined;
  private sentMessages = 0;
  caller: string | undefined;

  constructor(
    private readonly records: CallRecords,
    private readonly call: RecordedCall,
  ) {
    records.metrics.started();
    this.span = startSpan(records, call.metadata);
  }

  received(): void {
    this.records.metrics.received();
  }

  sent(): void {
    this.sentMessages += 1;
    this.records.metrics.sent();
  }

  /** Runs work whose spans belong under the call's span. */
  run<Value>(work: () => Value): Value {
    return this.span === undefined ? work() : this.span.run(work);
  }

  /** Logs and counts a request of a stream that failed by itself: the stream goes on. */
  requestFailed(failure: ConversationError): void {
    const code = toCode(failure.reason);
    this.records.metrics.requestFailed(CODE_NAMES[code] ?? '');
    logFailure(this.records.telemetry.logger, 'request', failure, () => ({
      ...{ method: this.records.method, code: Code[code] },
      ...this.callerFields(),
    }));
  }

  /** @param failure undefined: the call succeeded */
  end(failure: ConversationError | undefined): void {
    const code = failure === undefined ? Code.OK : toCode(failure.reason);
    const ms = performance.now() - this.startedAt;
    const { type, method, metrics, telemetry } = this.records;
    metrics.handled(CODE_NAMES[code] ?? '', ms / 1000);
    this.span?.end(
      { 'rpc.status_code': Code[code], ...(failure === undefined ? {} : { 'error.type': failure.reason }) },
      SERVER_FAULTS.has(code) ? failure?.reason : undefined,
    );
    const fields = (): object => ({
      ...{ method, code: Code[code], durationMs: roundMs(ms) },
      ...(type === 'unary' ? {} : { sent: this.sentMessages }),
      ...this.callerFields(),
    });
    if (failure === undefined) logSuccess(telemetry.logger, 'call', fields);
    else logFailure(telemetry.logger, 'call', failure, fields);
  }

  private callerFields(): object {
    return { peer: this.call.getPeer(), caller: this.caller };
  }
}

/** The outermost interceptor: the call's record ends with the call. */
export const recordCall: Interceptor<Call & { readonly record: CallRecord }> = ({ record }, next) =>
  record.run(next).then(
    (reply) => {
      record.end(undefined);
      return reply;
    },
    (error: unknown) => {
      const failure = asConversationError(error);
      record.end(failure);
      throw failure;
    },
  );

function startSpan({ type, method, telemetry }: CallRecords, metadata: Metadata): CallSpan | undefined {
  if (telemetry.tracing === undefined) return undefined;
  const rpc = `${SERVICE_NAME}/${method}`;
  return telemetry.tracing.call(
    rpc,
    { 'rpc.system.name': 'grpc', 'rpc.method': rpc },
    {
      keys: () => Object.keys(metadata.getMap()),
      get: (name) => metadata.get(name)[0]?.toString(),
    },
    type === 'bidi_stream',
  );
}
