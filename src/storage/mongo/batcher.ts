/** A question on its way, and who waits for its answer. */
interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly key: string | undefined;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** The longest that a group waits to be as large as the last one, in milliseconds. */
const MAX_BATCH_WAIT_MS = 3;

/** How long after it the last group says anything of the next, in milliseconds. */
const BATCH_SIZE_VALID_MS = 100;

/**
 * Puts questions to the store together: what comes while one group is under way goes out in the
 * next. A question costs the driver and the server far more than what it carries.
 *
 * Callers who were answered together come back together, the first of them a little before the
 * others. Were it asked for at once, they would all wait for it: groups of 1 and of all others
 * in turn, at twice the cost. So a group waits for a moment until it is as large as the last one
 * was. One caller alone waits for nobody.
 */
export class Batcher<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];
  private executing = false;
  /** The group that was answered last. */
  private lastSize = 0;
  private lastAt = 0;
  private onBatchFull: (() => void) | undefined;
  /** The answers to come to questions that wait, by their keys. */
  private readonly shared = new Map<string, Promise<Answer>>();

  /**
   * @param execute answers the questions in their order; where it rejects, so does each of them
   * @param weight what a question takes of a group: those of a group are 1 at most in sum, or one question
   * @param coalesceKey questions of one key that wait together are asked once, and share the answer; undefined: none does
   */
  constructor(
    private readonly execute: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    private readonly weight: (question: Question) => number,
    private readonly coalesceKey?: (question: Question) => string,
  ) {}

  load(question: Question): Promise<Answer> {
    const key = this.coalesceKey?.(question);
    const same = key === undefined ? undefined : this.shared.get(key);
    if (same !== undefined) return same;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.waiting.push({ question, key, resolve, reject });
    });
    if (key !== undefined) this.shared.set(key, answer);
    if (!this.executing) void this.executeAll();
    else if (this.waiting.length >= this.lastSize) this.onBatchFull?.();
    return answer;
  }

  private async executeAll(): Promise<void> {
    this.executing = true;
    while (this.waiting.length > 0) {
      await this.waitForBatch();
      const group = this.take();
      try {
        const answers = await this.execute(group.map(({ question }) => question));
        if (answers.length !== group.length) throw new Error('a group was not answered question by question');
        answers.forEach((answer, index) => group[index]?.resolve(answer));
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
      this.lastSize = group.length;
      this.lastAt = performance.now();
    }
    this.executing = false;
  }

  private async waitForBatch(): Promise<void> {
    if (this.waiting.length >= this.lastSize || performance.now() - this.lastAt > BATCH_SIZE_VALID_MS) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MAX_BATCH_WAIT_MS);
      this.onBatchFull = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.onBatchFull = undefined;
  }

  private take(): Waiting<Question, Answer>[] {
    let sum = 0;
    const end = this.waiting.findIndex(({ question }) => (sum += this.weight(question)) > 1);
    const group = this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
    // Who asks from here on is to have what is stored by then.
    for (const { key } of group) if (key !== undefined) this.shared.delete(key);
    return group;
  }
}
