import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorLine } from '../../core/error-message';
import { StartupError } from '../../core/startup-error';
import { readWhole } from './check-store';
import { DamagedFile } from './files/damaged-file';
import { lockDataFile } from './files/data-file-lock';
import { renameDurably, syncFile, syncFolder } from './files/durable';
import { readMetaPages } from './files/meta-pages';
import { storeFolder, type StoreFolder } from './files/store-folder';
import { openLmdb } from './lmdb';
import type { Contents } from './read-store';

/**
 * A copy of a store, also of one that a server uses. It is made in a folder of its own, synced and read before its
 * files get their names, so nothing that is incomplete looks like a store.
 */
export class StoreCopy {
  private readonly from: StoreFolder;
  private readonly to: StoreFolder;
  private readonly incomplete: StoreFolder;
  private started = false;

  constructor(from: string, to: string) {
    this.from = storeFolder(resolve(from));
    this.to = storeFolder(resolve(to));
    this.incomplete = storeFolder(this.to.copyFolder);
  }

  /** Returns what the copy contains: at least everything acknowledged before the call. @throws StartupError */
  async make(): Promise<Contents> {
    const { from, to } = this;
    try {
      this.start();
      await this.copyFiles();
      const contents = await this.readCopy();
      this.finish();
      return contents;
    } catch (error) {
      this.remove();
      if (error instanceof StartupError) throw error;
      const reason = error instanceof DamagedFile ? `it is damaged: ${error.message}` : errorLine(error);
      throw new StartupError(`${from.path} cannot be copied to ${to.path}: ${reason}`);
    }
  }

  /** Removes what there is of an unfinished copy. */
  remove(): void {
    if (!this.started) return;
    rmSync(this.incomplete.path, { recursive: true, force: true });
    rmdirSync(this.to.path);
  }

  private start(): void {
    const { from, to, incomplete } = this;
    if (!existsSync(from.dataFile))
      throw new StartupError(`${from.path} contains no data.mdb: specify the DATA_DIR of a server`);
    mkdirSync(to.path, { recursive: true });
    if (readdirSync(to.path).length > 0)
      throw new StartupError(`${to.path} is not empty: specify a new folder`);
    mkdirSync(incomplete.path);
    this.started = true;
  }

  private async copyFiles(): Promise<void> {
    const { from, incomplete } = this;
    const root = this.openSource();
    try {
      await root.backup(incomplete.path, false);
    } finally {
      await root.close();
    }
    syncFile(incomplete.dataFile);
    if (!existsSync(from.identityFile)) return;
    copyFileSync(from.identityFile, incomplete.identityFile);
    syncFile(incomplete.identityFile);
  }

  /** Without its table of readers, a running server would overwrite the pages that are copied. */
  private openSource(): ReturnType<typeof openLmdb> {
    const { path, dataFile, readersFile } = this.from;
    const hasReaders = existsSync(readersFile);
    const descriptor = hasReaders ? openSync(dataFile, 'r') : lockDataFile(dataFile, 'r+');
    if (descriptor === undefined)
      throw new StartupError(
        `${readersFile} is missing while a server uses the folder: restart the server first`,
      );
    try {
      readMetaPages(descriptor);
      return openLmdb(path, { readOnly: true });
    } finally {
      closeSync(descriptor);
    }
  }

  private async readCopy(): Promise<Contents> {
    const contents = await readWhole(this.incomplete);
    const [problem] = contents.problems;
    if (problem !== undefined) throw new DamagedFile(problem);
    return contents;
  }

  private finish(): void {
    const { to, incomplete } = this;
    if (existsSync(incomplete.identityFile)) renameDurably(incomplete.identityFile, to.identityFile);
    renameDurably(incomplete.dataFile, to.dataFile);
    rmSync(incomplete.path, { recursive: true });
    syncFolder(to.path);
    syncFolder(dirname(to.path));
  }
}
