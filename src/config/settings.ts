import {
  parseBoolean,
  parseBytes,
  parseChoice,
  parseDuration,
  parseInteger,
  parseOptionalPort,
  parseOptionalText,
  parsePort,
  parseRetention,
  parseText,
  type SettingParser,
} from './parsers';

export interface Setting<Value> {
  /** The environment variable. */
  readonly name: string;
  /** In the form that the environment would have; empty: unset. */
  readonly default: string;
  readonly parse: SettingParser<Value>;
  /** The environment variable that is read where this one is unset. */
  readonly fallbackName?: string;
  /** Whether an empty value means undefined; for other settings it means the default. */
  readonly emptyDisables?: boolean;
  /** For `--help` and docs/settings.md. */
  readonly description: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const setting = <Value>(
  name: string,
  defaultText: string,
  parse: SettingParser<Value>,
  description: string,
): Setting<Value> => ({ name, default: defaultText, parse, description });

const STORAGE = {
  mongodbUri: setting(
    'MONGODB_URI',
    '',
    parseOptionalText,
    'URI of the MongoDB store, mongodb:// or mongodb+srv://; unset: the embedded store',
  ),
  dataDir: setting('DATA_DIR', './data', parseText, 'folder of the embedded store'),
  minFreeDiskBytes: setting(
    'MIN_FREE_DISK',
    '256MiB',
    parseBytes,
    'free disk space below which the embedded store refuses writes',
  ),
  retentionMs: setting(
    'RETENTION',
    '',
    parseRetention,
    'how long a session is kept after its last event or change, such as 90d; unset: forever',
  ),
  watchPollIntervalMs: setting(
    'WATCH_POLL_INTERVAL',
    '250ms',
    parseDuration,
    'interval at which watches poll a standalone MongoDB, which has no change streams',
  ),
};

const NETWORK = {
  host: setting(
    'HOST',
    '127.0.0.1',
    parseText,
    'address to listen on, 0.0.0.0 for all; one that other machines can reach needs TLS_CERT, TOKENS_FILE or ALLOW_INSECURE',
  ),
  grpcPort: setting(
    'GRPC_PORT',
    '50051',
    parsePort,
    'gRPC port; 0 picks a free port, which the startup line reports',
  ),
  httpPort: {
    ...setting(
      'HTTP_PORT',
      '3000',
      parseOptionalPort,
      'HTTP port; 0 picks a free port; empty disables HTTP; if unset, PORT is used',
    ),
    fallbackName: 'PORT',
    emptyDisables: true,
  },
  healthPort: setting(
    'HEALTH_PORT',
    '',
    parseOptionalPort,
    'port for gRPC health alone, always in plain text, for probes without TLS; unset: no such port',
  ),
  reflection: setting('REFLECTION', 'on', parseBoolean('on', 'off'), 'gRPC server reflection: on, off'),
};

const SECURITY = {
  tlsCert: setting(
    'TLS_CERT',
    '',
    parseOptionalText,
    "PEM file of the server's certificate and its intermediates; unset: no TLS",
  ),
  tlsKey: setting(
    'TLS_KEY',
    '',
    parseOptionalText,
    "PEM file of the certificate's private key, without a passphrase",
  ),
  tlsClientCa: setting(
    'TLS_CLIENT_CA',
    '',
    parseOptionalText,
    'PEM file of the authorities that sign client certificates; unset: clients need no certificate',
  ),
  tokensFile: setting(
    'TOKENS_FILE',
    '',
    parseOptionalText,
    'file of accepted tokens, one per line: SHA256HEX read-only|read-write [NAME]; unset: no authentication',
  ),
  allowInsecure: setting(
    'ALLOW_INSECURE',
    'false',
    parseBoolean('true', 'false'),
    'true: allow a HOST that other machines can reach, without TLS and tokens',
  ),
};

const LIMITS = {
  defaultDeadlineMs: setting('DEFAULT_DEADLINE', '10s', parseDuration, 'deadline of calls that set none'),
  maxConnections: setting(
    'MAX_CONNECTIONS',
    '10000',
    parseInteger(1, 1_000_000),
    'maximum open connections per port; the server closes further ones at once',
  ),
  maxConnectionAgeMs: setting(
    'MAX_CONNECTION_AGE',
    '30m',
    parseDuration,
    'age at which a client must reconnect, so that load spreads over the servers',
  ),
  maxStreamsPerConnection: setting(
    'MAX_STREAMS_PER_CONNECTION',
    '1000',
    parseInteger(1, 1_000_000),
    'maximum concurrent calls per connection; further calls wait in the client',
  ),
  maxInFlightRequests: setting(
    'MAX_IN_FLIGHT_REQUESTS',
    '10000',
    parseInteger(1, 1_000_000),
    'maximum requests in flight; above it, calls fail at once (OVERLOADED), and streams are read more slowly',
  ),
  maxInFlightBytes: setting(
    'MAX_IN_FLIGHT_BYTES',
    '128MiB',
    parseBytes,
    'maximum size of all requests in flight; above it, the same happens',
  ),
};

const OPERATION = {
  shutdownGraceMs: setting(
    'SHUTDOWN_GRACE',
    '8s',
    parseDuration,
    'time that calls in flight have to finish at shutdown',
  ),
  logLevel: setting('LOG_LEVEL', 'info', parseChoice(LOG_LEVELS), LOG_LEVELS.join(', ')),
};

/** The groups in which `--help` and docs/settings.md list the settings, by heading. */
export const SETTING_GROUPS: Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>> = {
  Storage: STORAGE,
  Network: NETWORK,
  Security: SECURITY,
  Limits: LIMITS,
  Operation: OPERATION,
};

/** Every setting of the service. */
export const SETTINGS = { ...STORAGE, ...NETWORK, ...SECURITY, ...LIMITS, ...OPERATION };

type Settings = typeof SETTINGS;

/** The settings, parsed. */
export type Config = { readonly [Key in keyof Settings]: ReturnType<Settings[Key]['parse']> } & {
  /** Whether OpenTelemetry's own settings, which its SDK reads, ask for traces. */
  readonly tracing: boolean;
  /** Whether npm runs the service, in a shell of its own. */
  readonly runByNpm: boolean;
};
