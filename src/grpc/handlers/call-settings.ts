import type { Interceptor } from '../../calls/call';
import type { InFlightBudget } from '../../calls/in-flight-budget';
import type { Telemetry } from '../../telemetry/telemetry';
import type { GrpcCall } from './grpc-call';
import type { GrpcStream } from './grpc-stream';
import type { OpenCalls } from './open-calls';

/** What the handlers of all methods share. */
export interface CallSettings {
  readonly telemetry: Telemetry;
  /** Around the work of each unary call. */
  readonly unaryPipeline: Interceptor<GrpcCall>;
  /** Around the work of each streaming call. */
  readonly streamPipeline: Interceptor<GrpcStream>;
  readonly openCalls: OpenCalls;
  readonly budget: InFlightBudget;
  /** Deadline of a call that has none, and of each request of a stream, in milliseconds. */
  readonly defaultDeadlineMs: number;
  /** How long a session is kept after its last activity, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
}
