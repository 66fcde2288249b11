import type { RootDatabase } from 'lmdb';

/** Units of work in one transaction at most: while they run, nothing else does. */
const COMMIT_UNITS = 1000;

/** One caller's work, which returns what answers the caller. */
interface Unit {
  run(): () => void;
  reject(error: unknown): void;
}

/**
 * Runs units of work in write transactions, one transaction after the other: what
 * comes while one is committed goes into the next, and shares its sync.
 *
 * Given a second transaction, LMDB runs it before it says that the first one's
 * commit failed: the second would build on what was never stored.
 */
export class CommitQueue {
  private waiting: Unit[] = [];
  private committing = false;
  private failure: { readonly error: unknown } | undefined;

  /** @param onCommit called after each commit, before the next transaction */
  constructor(
    private readonly root: RootDatabase,
    private readonly onCommit: () => void,
  ) {}

  /**
   * Resolves once the work is synced to the disk; rejects where a commit failed, and always from then on.
   *
   * @param work must not throw: LMDB does not undo what it put
   */
  run<Value>(work: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      const run = (): (() => void) => {
        const value = work();
        return () => resolve(value);
      };
      this.waiting.push({ run, reject });
      if (!this.committing) void this.commit();
    });
  }

  private async commit(): Promise<void> {
    this.committing = true;
    while (this.waiting.length > 0) {
      let units: Unit[] = [];
      try {
        if (this.failure !== undefined) throw this.failure.error;
        const answers = await this.root.transaction(() => {
          units = this.waiting.splice(0, COMMIT_UNITS);
          return units.map((unit) => unit.run());
        });
        this.onCommit();
        for (const answer of answers) answer();
      } catch (error) {
        this.failure ??= { error };
        for (const unit of [...units, ...this.waiting.splice(0)]) unit.reject(error);
      }
    }
    this.committing = false;
  }
}
