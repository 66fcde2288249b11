import { type Config, type Setting, SETTINGS } from './settings';

type Environment = Readonly<Record<string, string | undefined>>;

/** The npm scripts that run the service; npm sets their names in the environment. */
const NPM_SCRIPTS = ['start', 'start:prod'];

/** Settings that cannot be used; the message has one line per problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses every setting. @throws ConfigError that names all invalid settings at once */
export function readConfig(environment: Environment): Config {
  const problems: string[] = [];
  const read = (setting: Setting<unknown>): unknown => {
    const { name, default: defaultText, parse, fallbackName = name, emptyDisables = false } = setting;
    const source = environment[name] === undefined && environment[fallbackName] ? fallbackName : name;
    const text = environment[source] ?? defaultText;
    try {
      return parse(text === '' && !emptyDisables ? defaultText : text);
    } catch (error) {
      const rule = error instanceof Error ? error.message : String(error);
      const shownDefault = defaultText === '' ? 'unset' : defaultText;
      problems.push(`${source} ${rule}; got ${JSON.stringify(text)} (default: ${shownDefault})`);
      return undefined;
    }
  };
  const entries = Object.entries(SETTINGS).map(([key, setting]) => [key, read(setting)]);
  const config = Object.fromEntries(entries) as Config;
  problems.push(...checkCombinations(config));
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  const runByNpm = NPM_SCRIPTS.includes(environment.npm_lifecycle_event ?? '');
  return Object.freeze({ ...config, tracing: wantsTraces(environment), runByNpm });
}

/** Exporting is opt-in, unlike in the OpenTelemetry standard: every user would pay for traces that have no destination. */
function wantsTraces(environment: Environment): boolean {
  const valueOf = (name: string): string => environment[name]?.trim().toLowerCase() ?? '';
  if (valueOf('OTEL_SDK_DISABLED') === 'true' || valueOf('OTEL_TRACES_EXPORTER') === 'none') return false;
  return ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => valueOf(name) !== '',
  );
}

/** Settings that require each other. */
function checkCombinations({ tlsCert, tlsKey, tlsClientCa }: Config): string[] {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [missing, present] = tlsCert === undefined ? ['TLS_CERT', 'TLS_KEY'] : ['TLS_KEY', 'TLS_CERT'];
    return [`${missing} is unset but ${present} is set: TLS needs both; set both or neither`];
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    return ['TLS_CLIENT_CA requires client certificates, which need TLS: set TLS_CERT and TLS_KEY too'];
  }
  return [];
}
