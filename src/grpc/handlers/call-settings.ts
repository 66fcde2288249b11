import type { Authorizer } from '../../security/authorizer';
import type { InFlightBudget } from '../../calls/in-flight-budget';
import type { Telemetry } from '../../telemetry/telemetry';
import type { OpenCalls } from './calls-in-flight';

/** What every call is answered with. */
export interface CallSettings {
  readonly telemetry: Telemetry;
  readonly authorizer: Authorizer;
  readonly calls: OpenCalls;
  readonly budget: InFlightBudget;
  /** Deadline of a call that brings none, and of each event of a stream, in milliseconds. */
  readonly defaultDeadlineMs: number;
  /** How long a stream may last, in milliseconds. */
  readonly maxStreamAgeMs: number;
  /** How long an ended session is kept, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
}
