import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ConfigError } from './read-config';

const PATH = '.env';

/**
 * Adds the settings in the working folder's `.env`, if that exists, to the environment, which takes precedence.
 *
 * `process.loadEnvFile()` would pass over the first setting after a byte order mark and over all of a UTF-16 file,
 * which Windows tools write.
 *
 * @throws ConfigError
 */
export function loadEnvFile(environment: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(parseEnv(readEnvFile()))) environment[name] ??= value;
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
