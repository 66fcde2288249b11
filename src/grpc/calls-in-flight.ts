/** Counts the calls that are being answered, so that a shutdown can wait for the last one. */
export class CallsInFlight {
  private count = 0;
  private draining = false;
  private idle: (() => void) | undefined;

  /** Whether new calls are to be refused. */
  get refusing(): boolean {
    return this.draining;
  }

  begin(): void {
    this.count += 1;
  }

  end(): void {
    this.count -= 1;
    if (this.count === 0) this.idle?.();
  }

  /** From now on new calls are to be refused; resolves when none is in flight. */
  drain(): Promise<void> {
    this.draining = true;
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => (this.idle = resolve));
  }
}
