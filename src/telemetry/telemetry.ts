import type { Logger } from './logger';
import type { Metrics } from './metrics';
import type { Tracing } from './tracing';

/** What tells the outside how the service is doing. */
export interface Telemetry {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Undefined: no traces are made. */
  readonly tracing: Tracing | undefined;
}
