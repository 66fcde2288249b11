import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** A file that exists while a process has the store open. It shows whether the previous process closed the store. */
export class OpenMarker {
  /** Whether a previous process ended without closing the store. */
  readonly wasLeft: boolean;

  constructor(private readonly path: string) {
    this.wasLeft = existsSync(path);
  }

  /** Marks the store as open, with the ID of this process. */
  put(): void {
    writeFileSync(this.path, `${process.pid}\n`);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
