import { cancelled, deadlineExceeded } from './errors';

export interface CancelListener {
  onCancel(): void;
}

/** The deadline and cancellation of a call, as use cases and stores see them. */
export class RequestContext {
  private isCancelled = false;
  /** Notified when the call is cancelled. */
  cancelListener: CancelListener | undefined;

  /** @param deadline in milliseconds since the epoch */
  constructor(readonly deadline: number) {}

  /** Marks the call as cancelled, so that no more work starts for it. */
  cancel(): void {
    this.isCancelled = true;
    this.cancelListener?.onCancel();
  }

  get cancelled(): boolean {
    return this.isCancelled;
  }

  remainingMs(): number {
    return this.deadline - Date.now();
  }

  /** Call before each costly step, to skip work whose result is no longer awaited. */
  throwIfEnded(): void {
    if (this.isCancelled) throw cancelled();
    if (this.remainingMs() <= 0) throw deadlineExceeded();
  }
}
