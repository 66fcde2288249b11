/** Who waits for what happens to one session. */
export class Watcher {
  private woken = false;
  private highest = 0;
  private resume: (() => void) | undefined;

  constructor(private readonly onClose: (watch: Watcher) => void) {}

  /** The last sequence that there was a call about: a store may show it a little later. */
  get announcedSequence(): number {
    return this.highest;
  }

  /** Call before a read: a wake that comes from here on is not missed by `next`. */
  reset(): void {
    this.woken = false;
  }

  /** Resolves when something has happened since the last reset. */
  async next(): Promise<void> {
    if (!this.woken) await new Promise<void>((resolve) => (this.resume = resolve));
    this.resume = undefined;
  }

  /** @param sequence of the event that was stored; 0: something else has changed */
  notify(sequence: number): void {
    this.woken = true;
    this.highest = Math.max(this.highest, sequence);
    this.resume?.();
  }

  close(): void {
    this.onClose(this);
  }
}

/** The watches of a server, by session. */
export class WatchRegistry {
  private readonly bySession = new Map<string, Set<Watcher>>();

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.bySession.size === 0;
  }

  watch(sessionId: string): Watcher {
    const watches = this.bySession.get(sessionId) ?? new Set();
    this.bySession.set(sessionId, watches);
    const watch = new Watcher((closed) => {
      watches.delete(closed);
      if (watches.size === 0 && this.bySession.get(sessionId) === watches) this.bySession.delete(sessionId);
    });
    watches.add(watch);
    return watch;
  }

  notify(sessionId: string, sequence: number): void {
    const watches = this.bySession.get(sessionId);
    if (watches !== undefined) for (const watch of watches) watch.notify(sequence);
  }

  notifyAll(): void {
    for (const watches of this.bySession.values()) for (const watch of watches) watch.notify(0);
  }
}
