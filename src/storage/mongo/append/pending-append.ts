import { Types } from 'mongoose';
import type { ConversationError } from '../../../core/errors';
import type { Event, NewEvent } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { AppendedEvent } from '../../../core/store';
import { toConversationError } from '../errors';

/** A caller's event that is not in the log yet, and the result that the caller awaits. */
export class PendingAppend {
  /** The document's id in every attempt: an event stored with this id is this append's own write. */
  readonly rowId = new Types.ObjectId();
  readonly result: Promise<AppendedEvent>;
  private answered = false;
  private resolve!: (added: AppendedEvent) => void;
  private reject!: (error: ConversationError) => void;

  constructor(
    readonly event: NewEvent,
    private readonly context: RequestContext,
  ) {
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isAnswered(): boolean {
    return this.answered;
  }

  /** Whether the caller still awaits the result. Fails the append if the caller has cancelled or its deadline has passed. */
  isAwaited(): boolean {
    try {
      this.context.throwIfEnded();
    } catch (error) {
      this.fail(toConversationError(error));
    }
    return !this.answered;
  }

  /** Whether the deadline is further away than this. */
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
