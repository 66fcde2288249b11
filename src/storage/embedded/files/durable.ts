import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a small file so that it has either its old or its new content, also after a power failure. */
export function writeDurably(path: string, content: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, content, { flush: true });
  renameDurably(temporary, path);
}

/** Gives a file its name, and syncs the folder with it. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Syncs the names of a folder's files to the disk. Windows does so automatically, and refuses to open a folder. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  syncFile(folder);
}

export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
