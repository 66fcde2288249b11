import { fstatSync } from 'node:fs';
import { errorMessage } from '../../../core/error-message';
import { isAt } from './data-file-lock';
import { type MetaPage, readMetaPages } from './meta-pages';

/** How long a look at the file stays valid, in milliseconds. */
const LOOK_VALID_MS = 500;

/** The data file is no longer what this process has stored in it. */
export class DataFileLost extends Error {
  override readonly name = 'DataFileLost';
}

/** Notices that the open data file was removed, moved, replaced or overwritten. */
export class DataFileGuard {
  private lookedAt = -Infinity;
  /** The file's size in bytes at the last look. */
  private size = 0;
  /** The meta pages at the last look, the later one first. */
  private metaPages: readonly [MetaPage, MetaPage];

  /** @param descriptor the open file */
  constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {
    this.metaPages = readMetaPages(descriptor);
  }

  /** Call before each write transaction. @throws DataFileLost */
  startTransaction(): void {
    this.throwIfLost();
    this.throwIfOverwritten();
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

  /**
   * Between two looks there is at most one transaction of this process, which leaves the later meta page
   * as it was. LMDB never shortens the file.
   */
  private throwIfOverwritten(): void {
    try {
      const found = readMetaPages(this.descriptor);
      const { size } = fstatSync(this.descriptor);
      const [later, earlier] = this.metaPages;
      const isUnchanged = isSame(found[0], later) && isSame(found[1], earlier);
      if (size >= this.size && (isUnchanged || isSame(found[1], later))) {
        this.size = size;
        this.metaPages = found;
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

function isSame(a: MetaPage, b: MetaPage): boolean {
  return a.bytes.equals(b.bytes);
}
