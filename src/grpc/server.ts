import { logVerbosity, Server, type ServerOptions, setLogVerbosity } from '@grpc/grpc-js';
import { admission } from '../calls/admission';
import { authenticate, authenticateStream } from '../calls/authentication';
import { compose } from '../calls/call';
import { untilDeadline } from '../calls/deadline';
import type { InFlightBudget } from '../calls/in-flight-budget';
import { Shutdown } from '../calls/shutdown';
import { limitAge } from '../calls/stream-age';
import { LIMITS } from '../core/limits';
import type { Store } from '../core/store';
import { withTimeout } from '../core/with-timeout';
import { ALLOW_ALL, type Authorizer } from '../security/authorizer';
import type { Telemetry } from '../telemetry/telemetry';
import { rejectUnauthenticated } from './auth-interceptor';
import { recordCall } from './handlers/call-record';
import type { CallSettings } from './handlers/call-settings';
import type { GrpcCall } from './handlers/grpc-call';
import type { GrpcStream } from './handlers/grpc-stream';
import { OpenCalls } from './handlers/open-calls';
import { Health } from './health';
import { Listener, type ListenerSettings } from './listener';
import { addReflection } from './reflection';
import { SESSION_SERVICE_DEFINITION, sessionServiceImplementation } from './session-service';

export interface GrpcSettings extends ListenerSettings {
  /** Applies to the session service; health and reflection need no token. */
  readonly authorizer: Authorizer;
  /** Whether server reflection is offered. */
  readonly reflection: boolean;
  /** Deadline of a call that has none, and of each request of a stream, in milliseconds. */
  readonly defaultDeadlineMs: number;
  /** Age at which a connection's client is asked to reconnect, and at which streams end, in milliseconds. */
  readonly maxConnectionAgeMs: number;
  /** How long a session is kept after its last activity, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** Concurrent calls on one connection; further ones wait in the client. */
  readonly maxStreamsPerConnection: number;
}

/** How long idle connections may take to close at shutdown, in milliseconds. */
const CLOSE_MS = 250;

/** The gRPC server: the session service, health and reflection on one port. */
export class GrpcServer {
  readonly health = new Health();
  private readonly shutdown = new Shutdown();
  private readonly openCalls = new OpenCalls();
  private readonly server: Server;
  private readonly listener: Listener;

  constructor(store: Store, settings: GrpcSettings, budget: InFlightBudget, telemetry: Telemetry) {
    // The library would also write to standard error what it throws.
    setLogVerbosity(logVerbosity.NONE);
    this.server = new Server(serverOptions(settings));
    const { authorizer, defaultDeadlineMs, maxConnectionAgeMs, retentionMs } = settings;
    const calls: CallSettings = {
      ...{ telemetry, budget, defaultDeadlineMs, retentionMs, openCalls: this.openCalls },
      unaryPipeline: compose<GrpcCall>(
        recordCall,
        authenticate(authorizer),
        this.shutdown.refuse,
        ({ context }, next) => untilDeadline(context, next),
        admission(budget),
      ),
      streamPipeline: compose<GrpcStream>(
        recordCall,
        authenticateStream(authorizer),
        this.shutdown.end,
        limitAge(maxConnectionAgeMs),
      ),
    };
    this.server.addService(SESSION_SERVICE_DEFINITION, sessionServiceImplementation(store, calls));
    this.health.addToServer(this.server);
    if (settings.reflection) addReflection(this.server);
    this.listener = new Listener(this.server, 'grpc', settings, telemetry);
  }

  /** Starts to listen, and returns the port. */
  listen(): Promise<number> {
    return this.listener.listen();
  }

  /**
   * Rejects new calls, waits for open ones up to the grace period, then closes every connection.
   * A health Watch never ends by itself.
   */
  async close(graceMs: number): Promise<void> {
    this.health.set(false);
    this.listener.stop();
    const closed = new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    this.shutdown.begin();
    await withTimeout(graceMs, this.openCalls.whenIdle(), () => undefined);
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
    // Without tokens, no call is unauthenticated: the interceptor would cost 6 µs a call for nothing.
    interceptors: authorizer === ALLOW_ALL ? [] : [rejectUnauthenticated(authorizer)],
    'grpc.max_receive_message_length': LIMITS.messageBytes,
    'grpc.max_send_message_length': LIMITS.messageBytes,
    'grpc.max_concurrent_streams': maxStreamsPerConnection,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 15 * 60_000,
    'grpc.max_connection_age_ms': maxConnectionAgeMs,
    // A stream that began just before its connection reached its age ends by itself before this.
    'grpc.max_connection_age_grace_ms': maxConnectionAgeMs + 60_000,
    'grpc.enable_channelz': 0,
  };
}
