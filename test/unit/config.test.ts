import { helpText } from '../../src/config/help';
import { ConfigError, readConfig } from '../../src/config/read-config';

test('with nothing set, every setting has its default', () => {
  expect(readConfig({})).toEqual({
    mongodbUri: undefined,
    dataDir: './data',
    minFreeDiskBytes: 256 * 1024 * 1024,
    retentionMs: undefined,
    watchPollIntervalMs: 250,
    host: '127.0.0.1',
    grpcPort: 50051,
    httpPort: 3000,
    healthPort: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    tlsClientCa: undefined,
    tokensFile: undefined,
    allowInsecure: false,
    reflection: true,
    maxConnections: 10_000,
    defaultDeadlineMs: 10_000,
    maxStreamsPerConnection: 1000,
    maxInFlightRequests: 10_000,
    tracing: false,
    runByNpm: false,
    maxInFlightBytes: 128 * 1024 * 1024,
    maxConnectionAgeMs: 30 * 60_000,
    shutdownGraceMs: 8000,
    logLevel: 'info',
  });
});

test('an empty setting has its default', () => {
  expect(readConfig({ GRPC_PORT: '', LOG_LEVEL: '', MONGODB_URI: '' })).toEqual(readConfig({}));
});

test('every setting is read, and HTTP_PORT takes precedence over PORT', () => {
  const config = readConfig({
    MONGODB_URI: 'mongodb://db.example/conversations',
    DATA_DIR: '/var/lib/sessions',
    MIN_FREE_DISK: '1GiB',
    HOST: '::',
    GRPC_PORT: '0',
    HEALTH_PORT: '50052',
    TLS_CERT: 'tls.crt',
    TLS_KEY: 'tls.key',
    TLS_CLIENT_CA: 'ca.crt',
    TOKENS_FILE: 'tokens',
    ALLOW_INSECURE: 'true',
    REFLECTION: 'off',
    MAX_CONNECTIONS: '5',
    DEFAULT_DEADLINE: '250ms',
    MAX_STREAMS_PER_CONNECTION: '7',
    MAX_IN_FLIGHT_REQUESTS: '50',
    MAX_IN_FLIGHT_BYTES: '2MiB',
    MAX_CONNECTION_AGE: '12h',
    SHUTDOWN_GRACE: '1s',
    LOG_LEVEL: 'silent',
    RETENTION: '90d',
    WATCH_POLL_INTERVAL: '100ms',
    HTTP_PORT: '8080',
    PORT: 'nonsense',
  });
  expect(config).toEqual({
    mongodbUri: 'mongodb://db.example/conversations',
    dataDir: '/var/lib/sessions',
    minFreeDiskBytes: 1024 ** 3,
    retentionMs: 90 * 24 * 3600 * 1000,
    watchPollIntervalMs: 100,
    host: '::',
    grpcPort: 0,
    httpPort: 8080,
    healthPort: 50052,
    tlsCert: 'tls.crt',
    tlsKey: 'tls.key',
    tlsClientCa: 'ca.crt',
    tokensFile: 'tokens',
    allowInsecure: true,
    reflection: false,
    maxConnections: 5,
    defaultDeadlineMs: 250,
    maxStreamsPerConnection: 7,
    maxInFlightRequests: 50,
    tracing: false,
    runByNpm: false,
    maxInFlightBytes: 2 * 1024 * 1024,
    maxConnectionAgeMs: 12 * 3_600_000,
    shutdownGraceMs: 1000,
    logLevel: 'silent',
  });
});

test('the config is frozen', () => {
  expect(Object.isFrozen(readConfig({}))).toBe(true);
});

test('all malformed settings are reported at once, each with its rule and its value', () => {
  const read = (): unknown =>
    readConfig({
      GRPC_PORT: '65536',
      DEFAULT_DEADLINE: 'soon',
      MIN_FREE_DISK: '10MB',
      LOG_LEVEL: 'loud',
      MAX_STREAMS_PER_CONNECTION: '0',
      MAX_IN_FLIGHT_REQUESTS: '0',
      MAX_IN_FLIGHT_BYTES: 'many',
      HEALTH_PORT: 'x',
      ALLOW_INSECURE: 'yes',
      REFLECTION: '1',
      MAX_CONNECTIONS: '0',
    });
  expect(read).toThrow(ConfigError);
  const lines = messageOf(read).split('\n');
  expect(lines.sort()).toEqual([
    'ALLOW_INSECURE must be one of true, false; got "yes" (default: false)',
    'DEFAULT_DEADLINE must be a duration from 1ms to 20d, such as 250ms, 10s, 30m or 12h; got "soon" (default: 10s)',
    'GRPC_PORT must be a whole number from 0 to 65535; got "65536" (default: 50051)',
    'HEALTH_PORT must be a whole number from 0 to 65535; got "x" (default: unset)',
    'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent; got "loud" (default: info)',
    'MAX_CONNECTIONS must be a whole number from 1 to 1000000; got "0" (default: 10000)',
    'MAX_IN_FLIGHT_BYTES must be a size such as 64KiB, 256MiB or 1GiB; got "many" (default: 128MiB)',
    'MAX_IN_FLIGHT_REQUESTS must be a whole number from 1 to 1000000; got "0" (default: 10000)',
    'MAX_STREAMS_PER_CONNECTION must be a whole number from 1 to 1000000; got "0" (default: 1000)',
    'MIN_FREE_DISK must be a size such as 64KiB, 256MiB or 1GiB; got "10MB" (default: 256MiB)',
    'REFLECTION must be one of on, off; got "1" (default: on)',
  ]);
});

test.each([
  [{ TLS_CERT: 'x' }, 'TLS_KEY is unset but TLS_CERT is set: TLS needs both; set both or neither'],
  [{ TLS_KEY: 'x' }, 'TLS_CERT is unset but TLS_KEY is set: TLS needs both; set both or neither'],
  [
    { TLS_CLIENT_CA: 'x' },
    'TLS_CLIENT_CA requires client certificates, which need TLS: set TLS_CERT and TLS_KEY too',
  ],
])('settings that require each other are reported: %j', (environment, message) => {
  expect(messageOf(() => readConfig(environment))).toBe(message);
});

test('--help has a line for every setting, with its default', () => {
  const help = helpText();
  for (const name of [
    ...['MONGODB_URI', 'DATA_DIR', 'MIN_FREE_DISK', 'HOST', 'GRPC_PORT', 'DEFAULT_DEADLINE'],
    ...[
      'MAX_STREAMS_PER_CONNECTION',
      'MAX_IN_FLIGHT_REQUESTS',
      'MAX_IN_FLIGHT_BYTES',
      'MAX_CONNECTION_AGE',
      'SHUTDOWN_GRACE',
      'LOG_LEVEL',
    ],
    ...['HEALTH_PORT', 'TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA', 'TOKENS_FILE', 'ALLOW_INSECURE'],
    ...['REFLECTION', 'MAX_CONNECTIONS'],
  ]) {
    expect(help).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'));
  }
  expect(help).toMatch(/^ {2}GRPC_PORT +50051 +\S/m);
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error('nothing was thrown');
}

test.each([
  [{}, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
  [{ OTEL_TRACES_EXPORTER: 'console' }, true],
  [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, false],
  [{ OTEL_SERVICE_NAME: 'sessions' }, false],
])('with %j, tracing is on: %s', (environment, tracing) => {
  expect(readConfig(environment).tracing).toBe(tracing);
});

test.each([
  [{ PORT: '8080' }, 8080],
  [{ PORT: '8080', HTTP_PORT: '9090' }, 9090],
  [{ PORT: '8080', HTTP_PORT: '' }, undefined],
  [{ PORT: '' }, 3000],
])('with %j, the HTTP port is %s', (environment, port) => {
  expect(readConfig(environment).httpPort).toBe(port);
});

test('a malformed PORT is reported under its own name', () => {
  expect(() => readConfig({ PORT: 'x' })).toThrow(/^PORT must be a whole number/);
});
