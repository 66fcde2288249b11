import {
  parseBytes,
  parseChoice,
  parseDuration,
  parseOptionalPort,
  parseOptionalText,
  parsePort,
  parseRetention,
  parseBoolean,
  parseText,
  parseInteger,
  type SettingParser,
} from './parsers';

interface Setting<Value> {
  /** The environment variable. */
  readonly name: string;
  /** As one would write it; empty: unset. */
  readonly default: string;
  readonly parse: SettingParser<Value>;
  /** Another variable, which is taken where this one is unset. */
  readonly fallbackName?: string;
  /** Set and empty, it is undefined; of others that means their default. */
  readonly emptyDisables?: boolean;
  /** For `--help`, with the unit. */
  readonly description: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const setting = <Value>(
  name: string,
  fallback: string,
  parse: SettingParser<Value>,
  description: string,
): Setting<Value> => ({ name, default: fallback, parse, description });

/** Every setting there is. */
const SETTINGS = {
  mongodbUri: setting(
    'MONGODB_URI',
    '',
    parseOptionalText,
    'MongoDB to store in, mongodb:// or mongodb+srv://; unset: the embedded store',
  ),
  dataDir: setting('DATA_DIR', './data', parseText, "the embedded store's folder"),
  minFreeDiskBytes: setting(
    'DISK_RESERVE',
    '256MiB',
    parseBytes,
    'free disk space (B, KiB, MiB, GiB, TiB) below which the embedded store refuses writes',
  ),
  host: setting(
    'HOST',
    '127.0.0.1',
    parseText,
    'address to listen on; beyond this machine with TLS_CERT or TOKENS_FILE, or ALLOW_INSECURE',
  ),
  grpcPort: setting(
    'GRPC_PORT',
    '50051',
    parsePort,
    'gRPC port; 0 takes a free one, and the start-up line says which',
  ),
  httpPort: {
    ...setting(
      'HTTP_PORT',
      '3000',
      parseOptionalPort,
      'HTTP port, likewise; empty: no HTTP; PORT is taken where it is unset',
    ),
    fallbackName: 'PORT',
    emptyDisables: true,
  },
  healthPort: setting(
    'HEALTH_PORT',
    '',
    parseOptionalPort,
    'port of gRPC health alone, always plain text, for probes that speak no TLS; unset: none',
  ),
  tlsCert: setting(
    'TLS_CERT',
    '',
    parseOptionalText,
    "PEM file of the server's certificate and its intermediates; unset: plain text",
  ),
  tlsKey: setting('TLS_KEY', '', parseOptionalText, "PEM file of the certificate's private key"),
  tlsClientCa: setting(
    'TLS_CLIENT_CA',
    '',
    parseOptionalText,
    'PEM file of who must have signed a client certificate; unset: clients need none',
  ),
  tokensFile: setting(
    'TOKENS_FILE',
    '',
    parseOptionalText,
    'file of the tokens that callers need, a line for each: SHA256HEX read-only|read-write NAME; unset: none is needed',
  ),
  allowInsecure: setting(
    'ALLOW_INSECURE',
    'false',
    parseBoolean('true', 'false'),
    'true: listen beyond this machine with neither TLS nor tokens',
  ),
  reflection: setting('REFLECTION', 'on', parseBoolean('on', 'off'), 'gRPC server reflection: on, off'),
  maxConnections: setting(
    'CONNECTIONS',
    '10000',
    parseInteger(1, 1_000_000),
    'connections at once on each port; further ones are closed as they come',
  ),
  retentionMs: setting(
    'RETENTION',
    '',
    parseRetention,
    'how long an ended session is kept (m, h, d), such as 90d or 12h; unset: for ever',
  ),
  watchPollIntervalMs: setting(
    'WATCH_POLL',
    '250ms',
    parseDuration,
    'how often (ms, s) watches look for events on a standalone MongoDB, which has no change streams',
  ),
  defaultDeadlineMs: setting(
    'CALL_DEADLINE',
    '10s',
    parseDuration,
    'deadline (ms, s, m, h, d) of a call that brings none',
  ),
  maxStreamsPerConnection: setting(
    'STREAMS_PER_CONNECTION',
    '1000',
    parseInteger(1, 1_000_000),
    'calls at once on one connection; further ones wait in the client',
  ),
  maxInFlightRequests: setting(
    'UNANSWERED_REQUESTS',
    '10000',
    parseInteger(1, 1_000_000),
    'unanswered requests at most; past that a call is refused at once (OVERLOADED)',
  ),
  maxInFlightBytes: setting(
    'UNANSWERED_BYTES',
    '128MiB',
    parseBytes,
    'bytes of unanswered requests (B, KiB, MiB, GiB) at most; likewise',
  ),
  maxConnectionAgeMs: setting(
    'CONNECTION_AGE',
    '30m',
    parseDuration,
    'age (ms, s, m, h, d) at which a client is asked to connect anew, so that load spreads',
  ),
  shutdownGraceMs: setting(
    'SHUTDOWN_GRACE',
    '8s',
    parseDuration,
    'time (ms, s, m, h, d) that calls in flight have to finish at shutdown',
  ),
  logLevel: setting('LOG_LEVEL', 'info', parseChoice(LOG_LEVELS), LOG_LEVELS.join(', ')),
};

type Settings = typeof SETTINGS;

/** The settings, read and checked. */
export type Config = { readonly [Key in keyof Settings]: ReturnType<Settings[Key]['parse']> } & {
  /** Whether OpenTelemetry's own settings, which its library reads, ask for traces. */
  readonly tracing: boolean;
};

/** Settings that cannot be used; the message has a line for each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads every setting once, and throws a ConfigError that names all that are malformed. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const read = (one: Setting<unknown>): unknown => {
    const { name, default: fallback, parse, fallbackName = name, emptyDisables = false } = one;
    const source = environment[name] === undefined && environment[fallbackName] ? fallbackName : name;
    const given = environment[source] ?? fallback;
    try {
      return parse(given === '' && !emptyDisables ? fallback : given);
    } catch (error) {
      const rule = error instanceof Error ? error.message : String(error);
      const shown = fallback === '' ? 'unset' : fallback;
      faults.push(`${source} ${rule}, and is ${JSON.stringify(given)} (default: ${shown})`);
      return undefined;
    }
  };
  const entries = Object.entries(SETTINGS).map(([key, one]) => [key, read(one)]);
  const config = Object.fromEntries(entries) as Config;
  faults.push(...checkCombinations(config));
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return Object.freeze({ ...config, tracing: wantsTraces(environment) });
}

/** Traces are made where one has said where they go to; the standard says on by default, which would cost everyone. */
function wantsTraces(environment: Readonly<Record<string, string | undefined>>): boolean {
  const given = (name: string): string => environment[name]?.trim().toLowerCase() ?? '';
  if (given('OTEL_SDK_DISABLED') === 'true' || given('OTEL_TRACES_EXPORTER') === 'none') return false;
  return ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => given(name) !== '',
  );
}

/** Settings that only go together. */
function checkCombinations({ tlsCert, tlsKey, tlsClientCa }: Config): string[] {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [missing, given] = tlsCert === undefined ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT'];
    return [`${missing} is unset, and ${given} is set: TLS takes both, and plain text neither`];
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    return ['TLS_CLIENT_CA asks clients for certificates, which takes TLS: set TLS_CERT and TLS_KEY too'];
  }
  return [];
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = Object.values(SETTINGS).map(({ name, default: fallback, description }) => {
    const shown = fallback === '' ? 'unset' : fallback;
    return `  ${name.padEnd(24)}${shown.padEnd(12)}${description}`;
  });
  return [
    'The conversation session service: sessions and their events, over gRPC and HTTP.',
    '',
    'Usage: npm start [-- OPTION]',
    '  --help             print this',
    "  --create-indexes   create MONGODB_URI's indexes and exit",
    '  --check-health     ask the service that runs with these settings whether it is ready: exit code 0 or 1',
    '',
    'Settings are environment variables; a file .env in the working folder is read too, and the environment wins.',
    `  ${'setting'.padEnd(24)}${'default'.padEnd(12)}meaning`,
    ...rows,
    '',
  ].join('\n');
}
