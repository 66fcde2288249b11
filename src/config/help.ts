import { SETTINGS } from './settings';

/** The text that `--help` prints. */
export function helpText(): string {
  const rows = Object.values(SETTINGS).map((setting) =>
    helpRow(setting.name, setting.default === '' ? 'unset' : setting.default, setting.description),
  );
  return [
    'Conversation session service: stores sessions and their events, and serves them over gRPC and HTTP.',
    '',
    'Usage: npm start [-- OPTION]',
    '  --help             print this help and exit',
    '  --create-indexes   create the indexes in the database of MONGODB_URI and exit',
    '  --check-health     exit with code 0 if the service with these settings is ready, otherwise with 1',
    '',
    'Settings are environment variables. A file .env in the working folder is read too; the environment takes precedence.',
    helpRow('setting', 'default', 'meaning'),
    ...rows,
    '',
  ].join('\n');
}

function helpRow(name: string, defaultText: string, description: string): string {
  return `  ${name.padEnd(28)}${defaultText.padEnd(12)}${description}`;
}
