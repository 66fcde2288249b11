import { Types } from 'mongoose';
import type { ConversationError } from '../../core/errors';
import type { Event, NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { AddedEvent } from '../../core/session-repository';
import { toConversationError } from './driver-errors';

/** One caller's event on its way into the log, and the answer that the caller waits for. */
export class Append {
  /** The row's id in every try: what is found under it is this append's own write come through. */
  readonly rowId = new Types.ObjectId();

  /** Others that came with the same event id meanwhile; what this one stores is their duplicate. */
  repeats: Append[] = [];

  readonly answer: Promise<AddedEvent>;
  private resolve!: (added: AddedEvent) => void;
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

  /** Whether the caller still waits; one that does not is answered why. */
  stillWanted(): boolean {
    try {
      this.context.throwIfEnded();
      return true;
    } catch (error) {
      this.reject(toConversationError(error));
      return false;
    }
  }

  /** Whether the caller waits for longer than this. */
  waitsFor(ms: number): boolean {
    return this.context.remainingMs() > ms;
  }

  succeed(event: Event, duplicate: boolean): void {
    this.resolve({ event, duplicate });
    for (const repeat of this.repeats) repeat.succeed(event, true);
  }

  fail(error: ConversationError): void {
    this.reject(error);
    for (const repeat of this.repeats) repeat.fail(error);
  }

  /** This append and its repeats, each for itself again. */
  takeApart(): Append[] {
    const parts = [this, ...this.repeats];
    this.repeats = [];
    return parts;
  }
}
