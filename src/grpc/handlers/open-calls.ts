/** Counts the calls whose streams are open: a shutdown waits until their replies have left. */
export class OpenCalls {
  private count = 0;
  private onIdle: (() => void) | undefined;

  add(): void {
    this.count += 1;
  }

  remove(): void {
    this.count -= 1;
    if (this.count === 0) this.onIdle?.();
  }

  /** Resolves when no call is open. */
  whenIdle(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => (this.onIdle = resolve));
  }
}
