import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './read-config';

const PATH = '.env';

/** A setting added after the file's last line, to detect a line before it that is no setting. */
const LAST_NAME = 'END_OF_FILE';

/**
 * Adds the settings in the working folder's `.env`, if that exists, to the environment, which takes precedence.
 *
 * `process.loadEnvFile()` would pass over the first setting after a byte order mark and over all of a UTF-16 file,
 * which Windows tools write.
 *
 * @throws ConfigError
 */
export function loadEnvFile(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(parse(readEnvFile()))) environment[name] ??= value;
}

/** Node takes a line without `=` for the beginning of the next setting's name, and ignores it at the end: settings would be lost silently. */
function parse(text: string): NodeJS.Dict<string> {
  const { [LAST_NAME]: last, ...settings } = parseEnv(`${text}\n${LAST_NAME}=`);
  if (last === undefined || Object.keys(settings).some((name) => /[\r\n]/.test(name))) {
    throw new ConfigError(
      `${PATH} in the working folder has a line that is not NAME=value: write each setting as NAME=value, and begin comments with #`,
    );
  }
  return settings;
}

function readEnvFile(): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(PATH));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return '';
    throw new ConfigError(
      `${PATH} in the working folder cannot be read (${code}): make it a UTF-8 text file that this user can read, or remove it`,
    );
  }
}
