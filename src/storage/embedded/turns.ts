/** Long work runs in parts, each in a turn of the event loop of its own, however many callers have some: other calls run in between. */
export class Turns {
  private readonly waiting: (() => void)[] = [];

  /** Resolves in the next turn that no other caller has, in the order of the calls. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) setImmediate(this.giveTurn);
    });
  }

  private readonly giveTurn = (): void => {
    this.waiting.shift()?.();
    if (this.waiting.length > 0) setImmediate(this.giveTurn);
  };
}
