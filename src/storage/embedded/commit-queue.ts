import type { RootDatabase } from 'lmdb';
import type { DataFileGuard } from './files/data-file-guard';

/** How long one transaction goes on to start units of work, in milliseconds. Nothing else runs meanwhile. */
const MAX_WORK_MS = 5;

/** A caller's work. `run` returns a function that answers the caller. */
interface Unit {
  run(): () => void;
  reject(error: unknown): void;
}

/**
 * Runs units of work in write transactions, one transaction at a time. Work that arrives during a
 * commit goes into the next transaction, so that many callers share one sync.
 *
 * With two transactions in its queue, LMDB would run the second before it reports that the commit
 * of the first failed, so the second would build on data that was never stored.
 */
export class CommitQueue {
  private waiting: Unit[] = [];
  private committing = false;
  private failure: { readonly error: unknown } | undefined;

  /** @param onCommit called after each commit, before the next transaction */
  constructor(
    private readonly root: RootDatabase,
    private readonly guard: DataFileGuard,
    private readonly onCommit: () => void,
  ) {}

  /**
   * Resolves once the work is synced to disk. Rejects if its commit failed or the data file is lost, and always after that.
   *
   * @param work must not throw, since LMDB would not undo its writes
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
      const units: Unit[] = [];
      try {
        if (this.failure !== undefined) throw this.failure.error;
        this.guard.startTransaction();
        const answers = await this.root.transaction(() => this.runUnits(units));
        this.guard.throwIfLost();
        this.onCommit();
        for (const answer of answers) answer();
      } catch (error) {
        this.failure ??= { error };
        for (const unit of [...units, ...this.waiting.splice(0)]) unit.reject(error);
      }
    }
    this.committing = false;
  }

  /** Runs some of the units that wait, and adds them to `started`. Returns what answers their callers. */
  private runUnits(started: Unit[]): (() => void)[] {
    const answers: (() => void)[] = [];
    const endAt = performance.now() + MAX_WORK_MS;
    for (const unit of this.waiting) {
      if (performance.now() > endAt) break;
      started.push(unit);
      answers.push(unit.run());
    }
    this.waiting.splice(0, started.length);
    return answers;
  }
}
