import { logVerbosity, Server, type ServerOptions, setLogVerbosity } from '@grpc/grpc-js';
import { type Authorizer, ALLOW_ALL } from '../security/authorizer';
import { LIMITS } from '../core/limits';
import type { SessionRepository } from '../core/store';
import { withTimeout } from '../core/with-timeout';
import type { InFlightBudget } from '../calls/in-flight-budget';
import type { Telemetry } from '../telemetry/telemetry';
import type { CallSettings } from './handlers/call-settings';
import { OpenCalls } from './handlers/calls-in-flight';
import { Health } from './health';
import { Listener, type ListenerSettings } from './listener';
import { addReflection } from './reflection';
import { rejectUnauthenticated } from './auth-interceptor';
import { SESSION_SERVICE_DEFINITION, sessionServiceImplementation } from './session-service';

export interface GrpcSettings extends ListenerSettings {
  /** Who may call which method; health and reflection are open to all. */
  readonly authorizer: Authorizer;
  /** Whether tools may ask what is served. */
  readonly reflection: boolean;
  /** Deadline of a call that brings none, and of each event of a stream, in milliseconds. */
  readonly defaultDeadlineMs: number;
  /** How long a connection is kept before the client is asked to make a new one, in milliseconds. */
  readonly maxConnectionAgeMs: number;
  /** How long an ended session is kept, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** Calls at once on one connection; further ones wait in the client. */
  readonly maxStreamsPerConnection: number;
}

/** How long idle connections may take to close at shutdown, in milliseconds. */
const CLOSE_MS = 250;

/** The gRPC face: the session service, health and reflection on one port. */
export class GrpcServer {
  readonly health = new Health();
  private readonly calls = new OpenCalls();
  private readonly server: Server;
  private readonly listener: Listener;

  constructor(
    repository: SessionRepository,
    settings: GrpcSettings,
    budget: InFlightBudget,
    telemetry: Telemetry,
  ) {
    // The library would write to standard error by itself what it throws as well.
    setLogVerbosity(logVerbosity.NONE);
    this.server = new Server(serverOptions(settings));
    const call: CallSettings = {
      telemetry,
      authorizer: settings.authorizer,
      calls: this.calls,
      budget,
      defaultDeadlineMs: settings.defaultDeadlineMs,
      maxStreamAgeMs: settings.maxConnectionAgeMs,
      retentionMs: settings.retentionMs,
    };
    this.server.addService(SESSION_SERVICE_DEFINITION, sessionServiceImplementation(repository, call));
    this.health.addToServer(this.server);
    if (settings.reflection) addReflection(this.server);
    this.listener = new Listener(this.server, 'grpc', settings, telemetry);
  }

  /** Listens, and returns the port. */
  listen(): Promise<number> {
    return this.listener.listen();
  }

  /**
   * Takes no new call, lets those in flight finish within the grace, and closes.
   * What is left then (a health Watch never ends by itself) is cut.
   */
  async close(graceMs: number): Promise<void> {
    this.health.set(false);
    this.listener.stop();
    const closed = new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    await withTimeout(graceMs, this.calls.drain(), () => undefined);
    await withTimeout(CLOSE_MS, closed, () => undefined);
    this.server.forceShutdown();
    this.listener.destroyConnections();
  }
}

function serverOptions({
  authorizer,
  maxConnectionAgeMs,
  maxStreamsPerConnection,
}: GrpcSettings): ServerOptions {
  return {
    // Where nobody is asked for a token there are no strangers, and nothing to pay for.
    interceptors: authorizer === ALLOW_ALL ? [] : [rejectUnauthenticated(authorizer)],
    'grpc.max_receive_message_length': LIMITS.messageBytes,
    'grpc.max_send_message_length': LIMITS.messageBytes,
    'grpc.max_concurrent_streams': maxStreamsPerConnection,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 15 * 60_000,
    'grpc.max_connection_age_ms': maxConnectionAgeMs,
    // A stream that began just before its connection's age ends by itself before this.
    'grpc.max_connection_age_grace_ms': maxConnectionAgeMs + 60_000,
    'grpc.enable_channelz': 0,
  };
}
