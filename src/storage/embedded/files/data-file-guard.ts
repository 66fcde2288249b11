import { fstatSync } from 'node:fs';
import { errorMessage } from '../../../core/error-message';
import { isAt } from './data-file-lock';
import { readMetaPages } from './meta-pages';

/** How long a look at the file stays valid, in milliseconds. */
const LOOK_VALID_MS = 500;

/** The data file is no longer what this process has stored in it. */
export class DataFileLost extends Error {
  override readonly name = 'DataFileLost';
}

/** Notices that the open data file was removed, moved, replaced or overwritten. */
export class DataFileGuard {
  private lookedAt = -Infinity;
  /** The file's size in bytes and its last transaction at the last look. */
  private size = 0;
  private transaction: number;
  /** The maximum number of transactions that the file has got since the last look. */
  private started = 0;

  /** @param descriptor the open file */
  constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {
    this.transaction = readMetaPages(descriptor)[0].transaction;
  }

  /** Call before each write transaction. @throws DataFileLost */
  startTransaction(): void {
    this.throwIfLost();
    this.started += 1;
  }

  /** @throws DataFileLost at the latest LOOK_VALID_MS after the file was lost */
  throwIfLost(): void {
    const now = performance.now();
    if (now - this.lookedAt < LOOK_VALID_MS) return;
    this.throwIfNotAtPath();
    this.throwIfOverwritten();
    this.lookedAt = now;
  }

  /** Whether the path leads to the open file. */
  isAtPath(): boolean {
    return isAt(this.descriptor, this.path);
  }

  private throwIfNotAtPath(): void {
    let reason = 'removed, moved or replaced';
    try {
      if (this.isAtPath()) return;
    } catch (error) {
      reason = errorMessage(error);
    }
    throw this.lost(reason);
  }

  /** An overwritten file is shorter, or has the transactions of another one. LMDB never shortens it. */
  private throwIfOverwritten(): void {
    try {
      const [{ transaction }] = readMetaPages(this.descriptor);
      const size = fstatSync(this.descriptor).size;
      const isOwn = transaction >= this.transaction && transaction <= this.transaction + this.started;
      if (size >= this.size && isOwn) {
        this.size = size;
        this.transaction = transaction;
        // One may be in progress.
        this.started = 1;
        return;
      }
    } catch (error) {
      throw this.lost(errorMessage(error));
    }
    throw this.lost('overwritten');
  }

  private lost(reason: string): DataFileLost {
    return new DataFileLost(
      `${this.path} is no longer the file that this process writes to (${reason}): what it acknowledged in the last second may be lost. Put the file back or restore a backup, then restart`,
    );
  }
}
