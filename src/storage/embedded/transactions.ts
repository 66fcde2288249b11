import type { RootDatabase, Transaction } from 'lmdb';
import { asConversationError, type ConversationError, storeUnavailable } from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import { CommitQueue } from './commit-queue';
import { type DataFileGuard, DataFileLost } from './files/data-file-guard';

/** The result of a unit of work. */
type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

/** Runs work in transactions. After a failed commit, or if the data file is lost, it refuses all work. */
export class Transactions {
  private readonly commits: CommitQueue;
  private failure: Error | undefined;

  /**
   * @param onFatal called once, when a commit has failed or the file is lost: this process can acknowledge no more writes
   * @param onCommit called after each commit, before the next transaction
   */
  constructor(
    private readonly root: RootDatabase,
    private readonly guard: DataFileGuard,
    private readonly onFatal: (error: Error) => void,
    onCommit: () => void,
  ) {
    this.commits = new CommitQueue(root, guard, onCommit);
  }

  /**
   * Runs the work in the next write transaction, shared by all callers that wait for it, and
   * resolves once the transaction is synced.
   *
   * @param context the caller's: the work is not started if the call has ended by then
   */
  async write<Value>(work: () => Value, context?: RequestContext): Promise<Value> {
    this.throwIfFailed();
    let outcome: Outcome<Value>;
    try {
      outcome = await this.commits.run((): Outcome<Value> => {
        try {
          context?.throwIfEnded();
          return { value: work() };
        } catch (error) {
          return { error };
        }
      });
    } catch (error) {
      throw this.fail(error);
    }
    if ('value' in outcome) return outcome.value;
    throw asConversationError(outcome.error);
  }

  /**
   * Runs the work on one snapshot: LMDB reads everything in one turn of the event loop from the transaction that is
   * in use. Naming it in each read would cost a new cursor each.
   *
   * @param work synchronous
   * @param context the caller's: the work is not started if the call has ended
   */
  read<Value>(work: () => Value, context?: RequestContext): Promise<Value> {
    let transaction: Transaction | undefined;
    try {
      this.throwIfFailed();
      this.throwIfLost();
      context?.throwIfEnded();
      transaction = this.root.useReadTransaction();
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(asConversationError(error));
    } finally {
      transaction?.done();
    }
  }

  /** After a failed commit its writes may or may not be on disk, so no later answer could be trusted. */
  private fail(error: unknown): ConversationError {
    if (error instanceof Error && 'commitError' in error) {
      Promise.resolve(error.commitError).catch(() => undefined);
    }
    if (this.failure === undefined) {
      const message =
        'the embedded store could not commit to its disk: check the disk, run npm run check-store, then restart';
      this.failure = error instanceof DataFileLost ? error : new Error(message, { cause: error });
      this.onFatal(this.failure);
    }
    return storeUnavailable(error);
  }

  private throwIfLost(): void {
    try {
      this.guard.throwIfLost();
    } catch (error) {
      throw this.fail(error);
    }
  }

  private throwIfFailed(): void {
    if (this.failure !== undefined) throw storeUnavailable(this.failure);
  }
}
