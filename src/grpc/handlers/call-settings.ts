import type { Access } from '../../security/authorizer';
import type { WorkBudget } from '../../calls/in-flight-budget';
import type { Telemetry } from '../../telemetry/telemetry';
import type { CallsInFlight } from './calls-in-flight';

/** What every call is answered with. */
export interface CallSettings {
  readonly telemetry: Telemetry;
  readonly access: Access;
  readonly calls: CallsInFlight;
  readonly budget: WorkBudget;
  /** Deadline of a call that brings none, and of each event of a stream, in milliseconds. */
  readonly callDeadlineMs: number;
  /** How long a stream may last, in milliseconds. */
  readonly streamAgeMs: number;
  /** How long an ended session is kept, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
}
