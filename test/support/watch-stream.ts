import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { Event } from '../../generated/conversation/v1/event';
import type { Session } from '../../generated/conversation/v1/session';
import type { WatchSessionResponse } from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import { until } from './until';

/** A watch as its client sees it. */
export class WatchStream {
  /** What came, in order: a sequence, the session, or that all stored events have come. */
  readonly told: (number | 'caught up' | Session)[] = [];
  readonly events: Event[] = [];
  /** Called with each event as it comes. */
  onEvent: ((event: Event) => void) | undefined;
  /** How it ended: undefined is OK. */
  readonly end: Promise<CallError | undefined>;

  constructor(private readonly call: ClientReadableStream<WatchSessionResponse>) {
    call.on('data', ({ update }: WatchSessionResponse) => {
      switch (update?.$case) {
        case 'event':
          this.events.push(update.value);
          this.told.push(update.value.sequence);
          this.onEvent?.(update.value);
          break;
        case 'caughtUp':
          this.told.push('caught up');
          break;
        case 'session':
          this.told.push(update.value);
          break;
        case undefined:
          throw new Error('a watch said nothing');
      }
    });
    this.end = new Promise((resolve) => {
      call.on('end', () => resolve(undefined));
      call.on('error', (error: ServiceError) => resolve(new CallError(error)));
    });
  }

  /** Once all stored events have come. */
  async caughtUp(): Promise<void> {
    await until('the watch is caught up', () => (this.told.includes('caught up') ? true : undefined));
  }

  /** Once the event of this sequence has come. */
  async reached(sequence: number): Promise<void> {
    await until(`the watch has ${sequence}`, () =>
      (this.events.at(-1)?.sequence ?? 0) >= sequence ? true : undefined,
    );
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
}
