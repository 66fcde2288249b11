import type { Logger } from './logger';
import type { Metrics } from './metrics';
import type { Tracing } from './tracing';

/** Logs, metrics and traces. */
export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Undefined: tracing is off. */
  readonly tracing: Tracing | undefined;
}
