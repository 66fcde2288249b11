/** A job of the load generator: one run of one operation against one server. */
export interface Job {
  readonly call: 'CreateSession' | 'AddEvent' | 'BatchAddEvents' | 'IngestEvents' | 'GetSession';
  /** The server's port on localhost. */
  readonly port: number;
  /**
   * Caller n uses session n modulo their number. For CreateSession, there is only one, and its ID contains the
   * placeholder of a number.
   */
  readonly sessions: readonly JobSession[];
  /** Concurrent calls; for a stream, events in flight. */
  readonly inFlight: number;
  /** Events per request; 1 except for BatchAddEvents. */
  readonly batch: number;
  /** Resend stored events instead of sending new ones. */
  readonly resend: boolean;
  /** For GetSession: the offsets to cycle through, and the limit. */
  readonly offsets: readonly number[];
  readonly limit: number;
  /** Load before the measured window, in milliseconds. */
  readonly warmUpMs: number;
  /** The measured window, in milliseconds. */
  readonly measureMs: number;
  /** Stop when each session has this many events, or was read this many times; if 0, at the end of the window. */
  readonly upTo: number;
  /** Processes whose CPU usage is read at the start and the end of the window. */
  readonly serverPid: number;
  readonly mongodPid: number | undefined;
}

export interface JobSession {
  readonly sessionId: string;
  /** The number of stored events, and so the number of the next one. */
  readonly stored: number;
}

/** Result of a job. A failed call fails the job and the benchmark. */
export interface JobResult {
  /** Length of the measured window, in milliseconds. */
  readonly windowMs: number;
  /** Events acknowledged in the window; for GetSession, pages. */
  readonly units: number;
  /** Latencies of the calls completed in the window, ascending, in milliseconds. */
  readonly latencies: Float64Array;
  /** CPU used in the window, in microseconds; undefined if the system does not report it. */
  readonly serverMicros: number | undefined;
  readonly mongodMicros: number | undefined;
  /** How long the server's event loop waited for a core in the window, in microseconds. */
  readonly waitedMicros: number | undefined;
  /** New events acknowledged per session during the whole job. */
  readonly acknowledged: readonly number[];
  /** The last reply. */
  readonly reply: Uint8Array;
}

/** The generator's message to its parent. */
export type JobAnswer = { readonly result: JobResult } | { readonly failure: string };
