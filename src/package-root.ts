import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that has package.json: above `src` or `dist`, depending on where this code runs. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`found no package.json above ${__dirname}`);
    folder = dirname(folder);
  }
  return folder;
}
