import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StoreObserver } from '../core/store-observer';
import { BufferedCounter } from './buffered-counter';

/** As gRPC's metrics name the kinds of calls. */
export type RpcType = 'unary' | 'server_stream' | 'bidi_stream';

/** The calls of one method. */
export interface RpcMetrics {
  started(): void;
  received(): void;
  sent(): void;
  /** @param code one of the statuses that there can be: `OK`, `NotFound` */
  handled(code: string, seconds: number): void;
  /** Counts a request of a stream that got an error reply. @param code as for `handled` */
  requestFailed(code: string): void;
}

/** The connections of one face. */
export interface ConnectionMetrics {
  opened(): void;
  closed(): void;
  refused(): void;
}

/** Seconds: from a commit of the embedded store to the longest deadline that is usual. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const RPC_LABELS = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

/** What a Prometheus server scrapes: gRPC's figures by the names of its ecosystem, the process', and the service's own. */
export class Metrics implements StoreObserver {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly tallies: BufferedCounter[] = [];

  private readonly started = new Counter({
    name: 'grpc_server_started_total',
    help: 'Calls that were begun.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly received = new Counter({
    name: 'grpc_server_msg_received_total',
    help: 'Messages that came.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly sent = new Counter({
    name: 'grpc_server_msg_sent_total',
    help: 'Messages that were sent.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly handled = new Counter({
    name: 'grpc_server_handled_total',
    help: 'Calls that have ended, by status.',
    labelNames: [...RPC_LABELS, 'grpc_code'],
    registers: this.registers,
  });
  private readonly handling = new Histogram({
    name: 'grpc_server_handling_seconds',
    help: 'Time from the start of a call to its end.',
    labelNames: RPC_LABELS,
    buckets: SECONDS,
    registers: this.registers,
  });
  private readonly requestErrors = new Counter({
    name: 'conversation_stream_request_errors_total',
    help: 'Requests of a stream that got an error reply, by status; the stream went on.',
    labelNames: [...RPC_LABELS, 'grpc_code'],
    registers: this.registers,
  });
  private readonly httpSeconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from an HTTP request to the end of its answer.',
    labelNames: ['method', 'route', 'status_code'],
    buckets: SECONDS,
    registers: this.registers,
  });
  private readonly storeSeconds = new Histogram({
    name: 'conversation_store_seconds',
    help: 'Time that the store took, waiting for its turn included.',
    labelNames: ['operation'],
    buckets: SECONDS,
    registers: this.registers,
  });
  private readonly eventsAdded = new Counter({
    name: 'conversation_events_added_total',
    help: 'Events that were stored.',
    registers: this.registers,
  });
  private readonly duplicates = new Counter({
    name: 'conversation_event_duplicates_total',
    help: 'Events that were sent again, and found stored.',
    registers: this.registers,
  });
  private readonly groupCommits = new Histogram({
    name: 'conversation_group_commit_events',
    help: 'Events of all callers that one durable write stored.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers: this.registers,
  });
  private readonly lostRaces = new Counter({
    name: 'conversation_lost_races_total',
    help: 'Writes whose place in the log another server took; they were tried again.',
    registers: this.registers,
  });
  private readonly watchers = new Gauge({
    name: 'conversation_watchers',
    help: 'Watches that are open.',
    registers: this.registers,
  });
  private readonly connected = new Gauge({
    name: 'conversation_connections',
    help: 'Connections that are open.',
    labelNames: ['face'],
    registers: this.registers,
  });
  private readonly refused = new Counter({
    name: 'conversation_connections_refused_total',
    help: 'Connections that were closed as they came: there were as many as CONNECTIONS lets in.',
    labelNames: ['face'],
    registers: this.registers,
  });

  /** Adds what there is to know of the process: CPU, memory, event loop, garbage collection. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    for (const tally of this.tallies) tally.flush();
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** A figure that is read whenever it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: this.registers,
      collect() {
        this.set(read());
      },
    });
  }

  /**
   * All of them are there from the start, as 0: Prometheus sees no rise in what was not there before.
   *
   * @param codes every status that a call can end with, as gRPC's metrics write it
   */
  rpc(type: RpcType, service: string, method: string, codes: readonly string[]): RpcMetrics {
    const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
    const started = this.buffer(this.started.labels(labels));
    const received = this.buffer(this.received.labels(labels));
    const sent = this.buffer(this.sent.labels(labels));
    const handling = this.handling.labels(labels);
    const handled = new Map(
      codes.map((code) => [code, this.buffer(this.handled.labels({ ...labels, grpc_code: code }))]),
    );
    const requestErrors = new Map(
      type !== 'bidi_stream'
        ? []
        : codes.map((code) => [code, this.buffer(this.requestErrors.labels({ ...labels, grpc_code: code }))]),
    );
    return {
      started: () => started.increment(),
      received: () => received.increment(),
      sent: () => sent.increment(),
      handled: (code, seconds) => {
        handled.get(code)?.increment();
        handling.observe(seconds);
      },
      requestFailed: (code) => requestErrors.get(code)?.increment(),
    };
  }

  /** @param face the part of the service that has them: grpc, http, health */
  connections(face: string): ConnectionMetrics {
    const connected = this.connected.labels({ face });
    const refused = this.refused.labels({ face });
    connected.set(0);
    refused.inc(0);
    return {
      opened: () => connected.inc(),
      closed: () => connected.dec(),
      refused: () => refused.inc(),
    };
  }

  /** @param route as it was declared, so that there are few */
  httpRequest(method: string, route: string, statusCode: number, seconds: number): void {
    this.httpSeconds.observe({ method, route, status_code: String(statusCode) }, seconds);
  }

  /** What notes the seconds of each use of the store for one purpose. */
  storeTimes(operation: string): (seconds: number) => void {
    const times = this.storeSeconds.labels({ operation });
    return (seconds) => times.observe(seconds);
  }

  addedEvents(stored: number, duplicates: number): void {
    if (stored > 0) this.eventsAdded.inc(stored);
    if (duplicates > 0) this.duplicates.inc(duplicates);
  }

  committed(events: number): void {
    if (events > 0) this.groupCommits.observe(events);
  }

  appendConflict(): void {
    this.lostRaces.inc();
  }

  watching(change: 1 | -1): void {
    this.watchers.inc(change);
  }

  private buffer(counter: Counter.Internal): BufferedCounter {
    const tally = new BufferedCounter(counter);
    this.tallies.push(tally);
    return tally;
  }
}
