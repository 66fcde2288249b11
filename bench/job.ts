/** What the generator is asked to do: one run of one operation against one server. */
export interface Job {
  readonly call: 'CreateSession' | 'AddEvent' | 'BatchAddEvents' | 'IngestEvents' | 'GetSession';
  /** The server's port on this machine. */
  readonly port: number;
  /** Caller n works on session n, and begins again at the first where there are more callers. Of CreateSession one, whose id has the place of a number. */
  readonly sessions: readonly JobSession[];
  /** Calls in flight at once; events in flight where the call is a stream. */
  readonly inFlight: number;
  /** Events in one request; 1 but for BatchAddEvents. */
  readonly batch: number;
  /** Send the events again that the sessions have, rather than new ones. */
  readonly repeat: boolean;
  /** Of GetSession: the offsets asked for in turn, and the limit. */
  readonly offsets: readonly number[];
  readonly limit: number;
  /** Load before the measured window, in milliseconds. */
  readonly warmUpMs: number;
  /** The measured window, in milliseconds. */
  readonly measureMs: number;
  /** Stop once each session has so many events, or was asked for so many pages; 0: when the window is over. */
  readonly upTo: number;
  /** Processes whose CPU is read at both ends of the window. */
  readonly serverPid: number;
  readonly mongodPid: number | undefined;
}

export interface JobSession {
  readonly sessionId: string;
  /** How many events it has: the number of the next. */
  readonly stored: number;
}

/** What came of a job. A call that fails ends the job, and the bench. */
export interface JobResult {
  /** Length of the measured window, in milliseconds. */
  readonly windowMs: number;
  /** Events answered in the window; of GetSession pages. */
  readonly units: number;
  /** Of each call that was answered in the window, ascending, in milliseconds. */
  readonly latencies: Float64Array;
  /** CPU used in the window, in microseconds; undefined where the system does not tell. */
  readonly serverMicros: number | undefined;
  readonly mongodMicros: number | undefined;
  /** How long the server's event loop waited for its core in the window, in microseconds. */
  readonly waitedMicros: number | undefined;
  /** How many new events each session was acknowledged in the whole job. */
  readonly acknowledged: readonly number[];
  /** The last reply. */
  readonly reply: Uint8Array;
}

/** What the generator answers. */
export type JobAnswer = { readonly result: JobResult } | { readonly failure: string };
