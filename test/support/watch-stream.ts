import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { Event } from '../../generated/conversation/v1/event';
import type { Session } from '../../generated/conversation/v1/session';
import type { WatchSessionResponse } from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import { until } from './until';

/** One WatchSession call: the updates received, and how it ended. */
export class WatchStream {
  /** The updates in order of arrival: the sequence of an event, the session, or `caught up`. */
  readonly updates: (number | 'caught up' | Session)[] = [];
  readonly events: Event[] = [];
  /** Called with each event when it arrives. */
  onEvent: ((event: Event) => void) | undefined;
  /** How the call ended; undefined: OK. */
  readonly end: Promise<CallError | undefined>;
  private failure: CallError | undefined;

  constructor(private readonly call: ClientReadableStream<WatchSessionResponse>) {
    call.on('data', ({ update }: WatchSessionResponse) => {
      switch (update?.$case) {
        case 'event':
          this.events.push(update.value);
          this.updates.push(update.value.sequence);
          this.onEvent?.(update.value);
          break;
        case 'caughtUp':
          this.updates.push('caught up');
          break;
        case 'session':
          this.updates.push(update.value);
          break;
        case undefined:
          throw new Error('an update is empty');
      }
    });
    this.end = new Promise((resolve) => {
      call.on('end', () => resolve(undefined));
      call.on('error', (error: ServiceError) => {
        this.failure = new CallError(error);
        resolve(this.failure);
      });
    });
  }

  /** Waits until all stored events have arrived. @throws the error that the watch ends with before */
  async caughtUp(): Promise<void> {
    await this.received('the watch is caught up', () => this.updates.includes('caught up'), 10_000);
  }

  /** Waits until the event with this sequence has arrived. @throws the error that the watch ends with before */
  async reached(sequence: number, limitMs = 10_000): Promise<void> {
    const isReached = (): boolean => (this.events.at(-1)?.sequence ?? 0) >= sequence;
    await this.received(`the watch receives event ${sequence}`, isReached, limitMs);
  }

  /** Stops reading. */
  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  cancel(): void {
    this.call.cancel();
  }

  private async received(condition: string, isReceived: () => boolean, limitMs: number): Promise<void> {
    const poll = (): true | undefined => {
      if (isReceived()) return true;
      if (this.failure !== undefined) throw this.failure;
      return undefined;
    };
    await until(condition, poll, limitMs);
  }
}
