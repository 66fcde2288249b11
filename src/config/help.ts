import { type Setting, SETTING_GROUPS } from './settings';

/** The text that `--help` prints. */
export function helpText(): string {
  const groups = Object.entries(SETTING_GROUPS).flatMap(([heading, settings]) => [
    '',
    `${heading}:`,
    ...Object.values(settings).map((setting) =>
      helpRow(setting.name, shownDefault(setting), setting.description),
    ),
  ]);
  return [
    'Conversation session service: stores sessions and their events, and serves them over gRPC and HTTP.',
    '',
    'Usage: npm start [-- OPTION]',
    '  --help                print this help and exit',
    '  --create-indexes      prepare the database of MONGODB_URI (format version, indexes) and exit',
    '  --check-health        exit with code 0 if the service with these settings is ready, otherwise with 1',
    '  --check-store         read all of the embedded store in DATA_DIR, and exit with code 1 if it is damaged',
    '  --copy-data FROM TO  copy an embedded store from its DATA_DIR to a new folder, also while a server runs',
    '',
    'Settings are environment variables. A file .env in the working folder is read too; the environment takes precedence.',
    'A duration has the unit ms, s, m, h or d; a size has the unit B, KiB, MiB, GiB or TiB.',
    '',
    helpRow('setting', 'default', 'meaning'),
    ...groups,
    '',
  ].join('\n');
}

/** A setting's default as users see it. */
export function shownDefault({ default: text }: Setting<unknown>): string {
  return text === '' ? 'unset' : text;
}

function helpRow(name: string, defaultText: string, description: string): string {
  return `  ${name.padEnd(28)}${defaultText.padEnd(12)}${description}`;
}
