import { statfsSync } from 'node:fs';
import { storageFull, storeUnavailable } from '../../core/errors';

/** How long a free-space reading stays valid, in milliseconds. */
const READING_VALID_MS = 500;

/** Rejects writes before the disk is full, because a commit that runs out of space cannot be undone cleanly. */
export class DiskSpace {
  private readAt = -Infinity;
  private full = false;

  /** @param minFreeBytes free space below which writes are rejected */
  constructor(
    private readonly folder: string,
    private readonly minFreeBytes: number,
  ) {}

  /** @throws STORAGE_FULL; STORE_UNAVAILABLE if the folder cannot be examined */
  throwIfFull(): void {
    const now = performance.now();
    if (now - this.readAt >= READING_VALID_MS) {
      this.full = this.freeBytes() < this.minFreeBytes;
      this.readAt = now;
    }
    if (this.full) throw storageFull();
  }

  private freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.folder);
      return bavail * bsize;
    } catch (error) {
      throw storeUnavailable(error);
    }
  }
}
