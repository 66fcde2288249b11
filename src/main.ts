import { checkHealth } from './commands/check-health';
import { checkStore } from './commands/check-store';
import { copyData } from './commands/copy-data';
import { createIndexes } from './commands/create-indexes';
import { readStore } from './commands/read-store';
import { serve } from './commands/serve';
import { loadEnvFile } from './config/env-file';
import { helpText } from './config/help';
import { ConfigError, readConfig } from './config/read-config';
import type { Config } from './config/settings';
import { StartupError } from './core/startup-error';
import { createLogger, type Logger } from './telemetry/logger';

type Command = (config: Config, logger: Logger) => Promise<void>;

const COMMANDS = new Map<string | undefined, Command>([
  [undefined, serve],
  ['--create-indexes', createIndexes],
  ['--check-health', checkHealth],
  ['--check-store', checkStore],
]);

/** Commands that take folders, and no settings. `--check-store` and `--copy-data` run `--read-store`. */
const FOLDER_COMMANDS = new Map<string | undefined, (folders: readonly string[]) => Promise<void>>([
  ['--copy-data', copyData],
  ['--read-store', readStore],
]);

async function main(options: readonly string[]): Promise<void> {
  const [option, ...folders] = options;
  if (option === '--help' && options.length === 1) {
    process.stdout.write(helpText());
    return;
  }
  const folderCommand = FOLDER_COMMANDS.get(option);
  if (folderCommand !== undefined) {
    await folderCommand(folders);
    return;
  }
  const command = COMMANDS.get(option);
  if (command === undefined || options.length > 1) {
    throw new StartupError(`unknown option ${options.join(' ')}: see npm start -- --help`);
  }
  loadEnvFile(process.env);
  const config = readConfig(process.env);
  await command(config, createLogger(config.logLevel));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected = error instanceof StartupError || error instanceof ConfigError;
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${isExpected ? error.message : details}\n`);
  process.exit(1);
});
