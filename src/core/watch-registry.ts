/** Waits for changes of one session. */
export class Watcher {
  private notified = false;
  private highestSequence = 0;
  private resume: (() => void) | undefined;

  constructor(private readonly onClose: (watcher: Watcher) => void) {}

  /** The highest sequence announced so far. Reads may return that event only a little later. */
  get announcedSequence(): number {
    return this.highestSequence;
  }

  /** Call before a read: `next` does not miss notifications that arrive from here on. */
  reset(): void {
    this.notified = false;
  }

  /** Resolves once there has been a notification since the last reset. */
  async next(): Promise<void> {
    if (!this.notified) await new Promise<void>((resolve) => (this.resume = resolve));
    this.resume = undefined;
  }

  /** @param sequence of the stored event, if known; otherwise 0 */
  notify(sequence: number): void {
    this.notified = true;
    this.highestSequence = Math.max(this.highestSequence, sequence);
    this.resume?.();
  }

  close(): void {
    this.onClose(this);
  }
}

/** The open watchers of a server, by session. */
export class WatchRegistry {
  private readonly bySession = new Map<string, Set<Watcher>>();

  get isEmpty(): boolean {
    return this.bySession.size === 0;
  }

  watch(sessionId: string): Watcher {
    const watchers = this.bySession.get(sessionId) ?? new Set();
    this.bySession.set(sessionId, watchers);
    const watcher = new Watcher((closed) => {
      watchers.delete(closed);
      if (watchers.size === 0 && this.bySession.get(sessionId) === watchers) this.bySession.delete(sessionId);
    });
    watchers.add(watcher);
    return watcher;
  }

  notify(sessionId: string, sequence: number): void {
    const watchers = this.bySession.get(sessionId);
    if (watchers !== undefined) for (const watcher of watchers) watcher.notify(sequence);
  }

  notifyAll(): void {
    for (const watchers of this.bySession.values()) for (const watcher of watchers) watcher.notify(0);
  }
}
