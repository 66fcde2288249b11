import { runService } from './service-process';

/** The names of all settings, as `--help` lists them. */
export async function settingNames(): Promise<string[]> {
  const { stdout } = await runService({ options: ['--help'] });
  const [, table = ''] = stdout.split(/^ {2}setting .*$/m);
  return Array.from(table.matchAll(/^ {2}([A-Z_]+) /gm), ([, name = '']) => name);
}
