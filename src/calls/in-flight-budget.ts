/** Bounds what the server has taken on and not answered yet, so that what it has taken is answered soon. */
export class WorkBudget {
  private requests = 0;
  private bytes = 0;

  /**
   * @param maximumRequests unanswered requests at most
   * @param maximumBytes bytes of unanswered requests at most
   */
  constructor(
    private readonly maximumRequests: number,
    private readonly maximumBytes: number,
  ) {}

  get unansweredRequests(): number {
    return this.requests;
  }

  get unansweredBytes(): number {
    return this.bytes;
  }

  get exhausted(): boolean {
    return this.requests >= this.maximumRequests || this.bytes >= this.maximumBytes;
  }

  take(bytes: number): void {
    this.requests += 1;
    this.bytes += bytes;
  }

  release(bytes: number): void {
    this.requests -= 1;
    this.bytes -= bytes;
  }
}
