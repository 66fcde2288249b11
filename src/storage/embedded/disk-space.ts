import { statfsSync } from 'node:fs';
import { storageFull } from '../../core/errors';

/** How long a look at the disk holds, in milliseconds. */
const LOOK_MS = 500;

/** Refuses writes before the disk is full: a commit that runs into its end cannot be undone cleanly. */
export class DiskSpace {
  private lookedAt = -Infinity;
  private full = false;

  /** @param minFreeBytes free space that is to be left */
  constructor(
    private readonly folder: string,
    private readonly minFreeBytes: number,
  ) {}

  /** @throws STORAGE_FULL */
  throwIfFull(): void {
    const now = performance.now();
    if (now - this.lookedAt >= LOOK_MS) {
      const { bavail, bsize } = statfsSync(this.folder);
      this.full = bavail * bsize < this.minFreeBytes;
      this.lookedAt = now;
    }
    if (this.full) throw storageFull();
  }
}
