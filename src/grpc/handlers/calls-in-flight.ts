/** Counts the calls that are being answered, so that a shutdown can wait for the last one. */
export class OpenCalls {
  private count = 0;
  private draining = false;
  private idle: (() => void) | undefined;
  private readonly drainListeners = new Set<() => void>();

  /** Whether new calls are to be refused. */
  get refusing(): boolean {
    return this.draining;
  }

  /** @param onDrain called when a shutdown begins: a call that would last is to end then */
  begin(onDrain?: () => void): void {
    this.count += 1;
    if (onDrain !== undefined) this.drainListeners.add(onDrain);
  }

  end(onDrain?: () => void): void {
    this.count -= 1;
    if (onDrain !== undefined) this.drainListeners.delete(onDrain);
    if (this.count === 0) this.idle?.();
  }

  /** From now on new calls are to be refused; resolves when none is in flight. */
  drain(): Promise<void> {
    this.draining = true;
    for (const listener of this.drainListeners) listener();
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => (this.idle = resolve));
  }
}
