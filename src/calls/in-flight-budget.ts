/** Bounds what the server has taken on and not answered yet, so that what it has taken is answered soon. */
export class InFlightBudget {
  private requests = 0;
  private bytes = 0;

  /**
   * @param maxRequests unanswered requests at most
   * @param maxBytes bytes of unanswered requests at most
   */
  constructor(
    private readonly maxRequests: number,
    private readonly maxBytes: number,
  ) {}

  get inFlightRequests(): number {
    return this.requests;
  }

  get inFlightBytes(): number {
    return this.bytes;
  }

  get isExhausted(): boolean {
    return this.requests >= this.maxRequests || this.bytes >= this.maxBytes;
  }

  reserve(bytes: number): void {
    this.requests += 1;
    this.bytes += bytes;
  }

  release(bytes: number): void {
    this.requests -= 1;
    this.bytes -= bytes;
  }
}
