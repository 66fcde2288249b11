import { cancelled, deadlineExceeded } from './errors';

/** What a use case and a store know of the call that they work for. */
export class RequestContext {
  private gone = false;
  /** Called when the caller hangs up. */
  onCancel: (() => void) | undefined;

  /** @param deadline when the caller stops waiting, in milliseconds since the epoch */
  constructor(readonly deadline: number) {}

  /** The caller hung up: what has not started for it need not. */
  cancel(): void {
    this.gone = true;
    this.onCancel?.();
  }

  get cancelled(): boolean {
    return this.gone;
  }

  remainingMs(): number {
    return this.deadline - Date.now();
  }

  /** Call before each step that costs something: work for nobody is dropped where it has not started. */
  throwIfEnded(): void {
    if (this.gone) throw cancelled();
    if (this.remainingMs() <= 0) throw deadlineExceeded();
  }
}
