/** A question on its way, and who waits for its answer. */
interface Waiting<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Puts questions to the store together: what comes while one group is under way goes out in the
 * next. No timer: an idle store is asked at once, so one caller alone waits for nobody.
 *
 * A question costs the driver and the server far more than what it carries, and more than one
 * or two at once make every one of them slower.
 */
export class Grouped<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];
  private asking = false;

  /**
   * @param ask answers the questions in their order; where it rejects, so does each of them
   * @param share what a question takes of a group: those of a group are 1 at most in sum, or one question
   */
  constructor(
    private readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    private readonly share: (question: Question) => number,
  ) {}

  get(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      if (!this.asking) void this.askAll();
    });
  }

  private async askAll(): Promise<void> {
    this.asking = true;
    while (this.waiting.length > 0) {
      const group = this.take();
      try {
        const answers = await this.ask(group.map(({ question }) => question));
        if (answers.length !== group.length) throw new Error('a group was not answered question by question');
        answers.forEach((answer, index) => group[index]?.resolve(answer));
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    }
    this.asking = false;
  }

  private take(): Waiting<Question, Answer>[] {
    let sum = 0;
    const end = this.waiting.findIndex(({ question }) => (sum += this.share(question)) > 1);
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
  }
}
