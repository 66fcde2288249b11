import { Types } from 'mongoose';
import type { ConversationError } from '../../../core/errors';
import type { Event, NewEvent } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { AppendedEvent } from '../../../core/store';
import { toConversationError } from '../errors';

/** One caller's event on its way into the log, and the answer that the caller waits for. */
export class PendingAppend {
  /** The row's id in every try: what is found under it is this append's own write come through. */
  readonly rowId = new Types.ObjectId();
  readonly answer: Promise<AppendedEvent>;
  private answered = false;
  private resolve!: (added: AppendedEvent) => void;
  private reject!: (error: ConversationError) => void;

  constructor(
    readonly event: NewEvent,
    private readonly context: RequestContext,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isAnswered(): boolean {
    return this.answered;
  }

  /** Whether the caller still waits; one that does not is answered why. */
  isAwaited(): boolean {
    try {
      this.context.throwIfEnded();
    } catch (error) {
      this.fail(toConversationError(error));
    }
    return !this.answered;
  }

  /** Whether the caller waits for longer than this. */
  canWait(ms: number): boolean {
    return this.context.remainingMs() > ms;
  }

  succeed(event: Event, duplicate: boolean): void {
    this.answered = true;
    this.resolve({ event, duplicate });
  }

  fail(error: ConversationError): void {
    this.answered = true;
    this.reject(error);
  }
}
