import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json: above `src` as above `dist`, whichever this runs from. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${__dirname}`);
    folder = dirname(folder);
  }
  return folder;
}
