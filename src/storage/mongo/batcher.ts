/** A request that waits for the next batch, or for the result of the one in flight. */
interface Pending<Request, Result> {
  readonly request: Request;
  readonly key: string | undefined;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** The longest that a batch waits to become as large as the previous one, in milliseconds. */
const MAX_BATCH_WAIT_MS = 3;

/** How long the size of the previous batch predicts the next one, in milliseconds. */
const BATCH_SIZE_VALID_MS = 100;

/**
 * Sends requests to the database in batches: requests that arrive while one batch is in flight go
 * out in the next. A round trip costs the driver and the server far more than its content.
 *
 * Callers that got their results together come back together, but the first of them a little
 * earlier. A batch sent for that one at once would make all others wait for it: batches of 1 and of
 * all others would alternate, at twice the cost. So a batch waits a moment until it is as large as
 * the previous one. A lone caller never waits.
 */
export class Batcher<Request, Result> {
  private pending: Pending<Request, Result>[] = [];
  private executing = false;
  private previousSize = 0;
  private previousEndedAt = 0;
  private onBatchFull: (() => void) | undefined;
  /** The results of pending requests, by key. */
  private readonly coalesced = new Map<string, Promise<Result>>();

  /**
   * @param execute returns the results in the order of the requests; if it rejects, all of them do
   * @param weight the share of a batch that a request uses: a batch holds 1 in total, or one request
   * @param coalesceKey pending requests with the same key are sent once and share the result; undefined: none are
   */
  constructor(
    private readonly execute: (requests: readonly Request[]) => Promise<readonly Result[]>,
    private readonly weight: (request: Request) => number,
    private readonly coalesceKey?: (request: Request) => string,
  ) {}

  load(request: Request): Promise<Result> {
    const key = this.coalesceKey?.(request);
    const shared = key === undefined ? undefined : this.coalesced.get(key);
    if (shared !== undefined) return shared;
    const result = new Promise<Result>((resolve, reject) => {
      this.pending.push({ request, key, resolve, reject });
    });
    if (key !== undefined) this.coalesced.set(key, result);
    if (!this.executing) void this.executeAll();
    else if (this.pending.length >= this.previousSize) this.onBatchFull?.();
    return result;
  }

  private async executeAll(): Promise<void> {
    this.executing = true;
    while (this.pending.length > 0) {
      await this.waitForBatch();
      const batch = this.takeBatch();
      try {
        const results = await this.execute(batch.map(({ request }) => request));
        if (results.length !== batch.length) throw new Error('a batch must have one result for each request');
        results.forEach((result, index) => batch[index]?.resolve(result));
      } catch (error) {
        for (const pending of batch) pending.reject(error);
      }
      this.previousSize = batch.length;
      this.previousEndedAt = performance.now();
    }
    this.executing = false;
  }

  private async waitForBatch(): Promise<void> {
    const isFull = this.pending.length >= this.previousSize;
    if (isFull || performance.now() - this.previousEndedAt > BATCH_SIZE_VALID_MS) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_BATCH_WAIT_MS);
      this.onBatchFull = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.onBatchFull = undefined;
  }

  private takeBatch(): Pending<Request, Result>[] {
    let sum = 0;
    const end = this.pending.findIndex(({ request }) => (sum += this.weight(request)) > 1);
    const batch = this.pending.splice(0, end < 0 ? this.pending.length : Math.max(end, 1));
    // Requests from here on must see what is stored by then.
    for (const { key } of batch) if (key !== undefined) this.coalesced.delete(key);
    return batch;
  }
}
