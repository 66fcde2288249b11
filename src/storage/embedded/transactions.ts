import type { RootDatabase, Transaction } from 'lmdb';
import { ConversationError, internalError, storeUnavailable } from '../../core/errors';
import type { ReadFrom } from './tables/binary-encoding';
import { CommitQueue } from './commit-queue';

/** What a unit of work came to. */
type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

/** Runs work in transactions, and none any more once a commit has failed. */
export class Transactions {
  private readonly commits: CommitQueue;
  private failure: Error | undefined;

  /**
   * @param onFatal called once when a commit failed: nothing more can be acknowledged in this process
   * @param onCommit called after each commit, before the next transaction
   */
  constructor(
    private readonly root: RootDatabase,
    private readonly onFatal: (error: Error) => void,
    onCommit: () => void,
  ) {
    this.commits = new CommitQueue(root, onCommit);
  }

  /** Runs the work in the next write transaction, which all who wait for it share, and waits for its sync. */
  async write<Value>(work: () => Value): Promise<Value> {
    this.throwIfFailed();
    let outcome: Outcome<Value>;
    try {
      outcome = await this.commits.run((): Outcome<Value> => {
        try {
          return { value: work() };
        } catch (error) {
          return { error };
        }
      });
    } catch (error) {
      throw this.fail(error);
    }
    if ('value' in outcome) return outcome.value;
    throw outcome.error instanceof ConversationError ? outcome.error : internalError(outcome.error);
  }

  /** Runs the work on one snapshot. */
  read<Value>(work: (from: ReadFrom) => Value): Promise<Value> {
    let transaction: Transaction | undefined;
    try {
      this.throwIfFailed();
      transaction = this.root.useReadTransaction();
      return Promise.resolve(work({ transaction }));
    } catch (error) {
      return Promise.reject(error instanceof ConversationError ? error : internalError(error));
    } finally {
      transaction?.done();
    }
  }

  /** A commit failed: what it held may or may not be on the disk, so nothing more can be told for certain. */
  private fail(error: unknown): ConversationError {
    if (error instanceof Error && 'commitError' in error) {
      Promise.resolve(error.commitError).catch(() => undefined);
    }
    if (this.failure === undefined) {
      const message = 'the embedded store could not commit to its disk: check the disk, then start again';
      this.failure = new Error(message, { cause: error });
      this.onFatal(this.failure);
    }
    return storeUnavailable(error);
  }

  private throwIfFailed(): void {
    if (this.failure !== undefined) throw storeUnavailable(this.failure);
  }
}
