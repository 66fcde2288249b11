import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StoreObserver } from '../core/store-observer';
import type { UnreadableRowError } from '../core/unreadable-row';
import { BufferedCounter } from './buffered-counter';

/** The kinds of calls, as gRPC's metrics name them. */
export type RpcType = 'unary' | 'server_stream' | 'bidi_stream';

/** Metrics of one method's calls. */
export interface RpcMetrics {
  started(): void;
  received(): void;
  sent(): void;
  /** @param code one of the codes that `rpc` was given, such as `OK` or `NotFound` */
  handled(code: string, seconds: number): void;
  /** Counts a request of a stream that got an error reply. @param code as for `handled` */
  requestFailed(code: string): void;
}

/** Metrics of one server's connections. */
export interface ConnectionMetrics {
  opened(): void;
  closed(): void;
  refused(): void;
}

/** Buckets in seconds, from a commit of the embedded store to the longest usual deadline. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const RPC_LABELS = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

/** The metrics for Prometheus: gRPC's by the names of its ecosystem, the process's, and the service's own. */
export class Metrics implements StoreObserver {
  private readonly registry = new Registry();
  private readonly registers = [this.registry];
  private readonly buffered: BufferedCounter[] = [];

  private readonly started = new Counter({
    name: 'grpc_server_started_total',
    help: 'Calls started.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly received = new Counter({
    name: 'grpc_server_msg_received_total',
    help: 'Messages received.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly sent = new Counter({
    name: 'grpc_server_msg_sent_total',
    help: 'Messages sent.',
    labelNames: RPC_LABELS,
    registers: this.registers,
  });
  private readonly handled = new Counter({
    name: 'grpc_server_handled_total',
    help: 'Calls completed, by status.',
    labelNames: [...RPC_LABELS, 'grpc_code'],
    registers: this.registers,
  });
  private readonly handlingSeconds = new Histogram({
    name: 'grpc_server_handling_seconds',
    help: 'Duration of calls.',
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
    help: 'Duration of HTTP requests, until the end of the response.',
    labelNames: ['method', 'route', 'status_code'],
    buckets: SECONDS,
    registers: this.registers,
  });
  private readonly storeSeconds = new Histogram({
    name: 'conversation_store_operation_seconds',
    help: 'Duration of store operations, including time spent waiting in queues.',
    labelNames: ['operation'],
    buckets: SECONDS,
    registers: this.registers,
  });
  private readonly eventsAdded = new Counter({
    name: 'conversation_events_added_total',
    help: 'Events stored.',
    registers: this.registers,
  });
  private readonly duplicates = new Counter({
    name: 'conversation_event_duplicates_total',
    help: 'Events that were sent again after they had been stored.',
    registers: this.registers,
  });
  private readonly groupCommits = new Histogram({
    name: 'conversation_group_commit_events',
    help: 'Events, of all callers, stored per durable write.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers: this.registers,
  });
  private readonly appendConflicts = new Counter({
    name: 'conversation_append_conflicts_total',
    help: 'Appends that were retried because another server had taken their sequence.',
    registers: this.registers,
  });
  private readonly unreadableRows = new Counter({
    name: 'conversation_unreadable_rows_total',
    help: 'Times that a list left out a stored row that cannot be read; the log names the row.',
    labelNames: ['table'],
    registers: this.registers,
  });
  private readonly activeWatches = new Gauge({
    name: 'conversation_active_watches',
    help: 'Open watches.',
    registers: this.registers,
  });
  private readonly openConnections = new Gauge({
    name: 'conversation_connections',
    help: 'Open connections.',
    labelNames: ['server'],
    registers: this.registers,
  });
  private readonly refusedConnections = new Counter({
    name: 'conversation_connections_refused_total',
    help: 'Connections closed immediately because MAX_CONNECTIONS was reached.',
    labelNames: ['server'],
    registers: this.registers,
  });

  /** Adds metrics of the process: CPU, memory, event loop, garbage collection. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  /** All metrics in Prometheus' text format. */
  text(): Promise<string> {
    for (const counter of this.buffered) counter.flush();
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Adds a gauge whose value is read at each scrape. */
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
   * All series exist from the start, as 0: Prometheus sees no increase in a series that first appears as 1.
   *
   * @param codes every status that a call can end with, as gRPC's metrics name them
   */
  rpc(type: RpcType, service: string, method: string, codes: readonly string[]): RpcMetrics {
    const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
    const started = this.buffer(this.started.labels(labels));
    const received = this.buffer(this.received.labels(labels));
    const sent = this.buffer(this.sent.labels(labels));
    const handlingSeconds = this.handlingSeconds.labels(labels);
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
        handlingSeconds.observe(seconds);
      },
      requestFailed: (code) => requestErrors.get(code)?.increment(),
    };
  }

  /** @param server the server that has the connections: grpc, http or health */
  connections(server: string): ConnectionMetrics {
    const open = this.openConnections.labels({ server });
    const refused = this.refusedConnections.labels({ server });
    open.set(0);
    refused.inc(0);
    return {
      opened: () => open.inc(),
      closed: () => open.dec(),
      refused: () => refused.inc(),
    };
  }

  /** @param route the route's pattern, not the request's path, so that there are few series */
  httpRequest(method: string, route: string, statusCode: number, seconds: number): void {
    this.httpSeconds.observe({ method, route, status_code: String(statusCode) }, seconds);
  }

  /** Returns a function that records the duration of one store operation. */
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
    this.appendConflicts.inc();
  }

  unreadableRow({ table }: UnreadableRowError): void {
    this.unreadableRows.inc({ table });
  }

  watching(change: 1 | -1): void {
    this.activeWatches.inc(change);
  }

  private buffer(counter: Counter.Internal): BufferedCounter {
    const buffered = new BufferedCounter(counter);
    this.buffered.push(buffered);
    return buffered;
  }
}
