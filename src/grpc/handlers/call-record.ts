import { type Metadata, status as Code } from '@grpc/grpc-js';
import { SessionServiceService } from '../../../generated/conversation/v1/session_service';
import type { ConversationError, ErrorReason } from '../../core/errors';
import type { RpcMetrics, RpcType } from '../../telemetry/metrics';
import type { Telemetry } from '../../telemetry/telemetry';
import type { CallSpan } from '../../telemetry/tracing';
import { toCode } from '../status';

/** The full name of the service: `conversation.v1.SessionService`. */
export const SERVICE_NAME = SessionServiceService.createSession.path.split('/')[1] ?? '';

/** What a record needs of a call. */
export interface RecordedCall {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** Failures that are a server's fault, by OpenTelemetry's conventions for gRPC. */
const SERVER_FAULTS = new Set([
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.UNIMPLEMENTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
  Code.DATA_LOSS,
]);

/** The records of one method's calls. */
export class CallRecords {
  readonly metrics: RpcMetrics;

  constructor(
    readonly type: RpcType,
    readonly method: string,
    readonly telemetry: Telemetry,
  ) {
    this.metrics = telemetry.metrics.rpc(type, SERVICE_NAME, method, CODE_NAMES);
  }

  begin(call: RecordedCall): CallRecord {
    return new CallRecord(this, call);
  }
}

/** One call, from its start to its end: counted, traced, and told of in one line. */
export class CallRecord {
  private readonly startedAt = performance.now();
  private readonly span: CallSpan | undefined;
  /** Whose token let it in. */
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
    this.records.metrics.sent();
  }

  /** Does the call's work, whose spans belong to the call's. */
  run<Value>(work: () => Value): Value {
    return this.span === undefined ? work() : this.span.run(work);
  }

  /** @param failure what it ended with; undefined: OK. @param figures of the call, for its line */
  end(failure: ConversationError | undefined, figures: object = {}): void {
    const code = failure === undefined ? Code.OK : toCode(failure.reason);
    const ms = performance.now() - this.startedAt;
    this.records.metrics.handled(CODE_NAMES[code] ?? '', ms / 1000);
    this.span?.end(
      { 'rpc.status_code': Code[code], ...(failure === undefined ? {} : { 'error.type': failure.reason }) },
      SERVER_FAULTS.has(code) ? failure?.reason : undefined,
    );
    this.log(failure, () => ({
      ...{ rpc: this.records.method, code: Code[code], ms: Math.round(ms * 100) / 100 },
      ...figures,
      peer: this.call.getPeer(),
      caller: this.caller,
    }));
  }

  private log(failure: ConversationError | undefined, line: () => object): void {
    const { logger } = this.records.telemetry;
    if (failure === undefined) {
      if (logger.isLevelEnabled('debug')) logger.debug(line(), 'call');
      return;
    }
    const { reason, message, cause } = failure;
    const failed = { ...line(), reason, message, ...(cause === undefined ? {} : { err: cause }) };
    logger[LEVELS[reason] ?? 'info'](failed, 'call failed');
  }
}

/** Where a failure is not told of at `info`: that a caller hung up is nobody's fault. */
const LEVELS: Readonly<Partial<Record<ErrorReason, 'error' | 'debug'>>> = {
  INTERNAL: 'error',
  CANCELLED: 'debug',
};

/** As gRPC's metrics write the codes in every language, from 0 on. */
const CODE_NAMES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange'],
  ...['Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

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
