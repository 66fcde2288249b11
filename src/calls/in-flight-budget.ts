/** Bounds the requests that are in flight, over all servers, so that accepted requests are answered soon. */
export class InFlightBudget {
  private requests = 0;
  private bytes = 0;

  /**
   * @param maxRequests requests in flight at which the budget is exhausted
   * @param maxBytes bytes of requests in flight at which the budget is exhausted
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

  /** Counts a request. It may exceed the bounds: callers that must not, ask `isExhausted` first. */
  reserve(bytes: number): void {
    this.requests += 1;
    this.bytes += bytes;
  }

  release(bytes: number): void {
    this.requests -= 1;
    this.bytes -= bytes;
  }
}
