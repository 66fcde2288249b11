import type { NewEvent } from '../../src/core/event';
import type { RequestContext } from '../../src/core/request-context';
import type { AppendedEvent, EventStore, Store } from '../../src/core/store';
import { WatchRegistry } from '../../src/core/watch-registry';
import { until } from './until';

/** An append that has reached the store, and that the test completes. */
export interface HeldAppend {
  readonly eventId: string;
  readonly context: RequestContext;
  succeed(): void;
  fail(error: Error): void;
}

/** A store that holds appends until the test decides their outcome, and rejects all other operations. */
export class HeldStore implements Store {
  /** In order of arrival. */
  readonly appends: HeldAppend[] = [];
  /** While true, new appends succeed at once. */
  open = false;
  readonly sessions = {
    create: unsupported,
    complete: unsupported,
    update: unsupported,
    delete: unsupported,
    list: unsupported,
  };
  readonly events: EventStore;
  readonly watches = new WatchRegistry();
  readonly expiry = {
    now: unsupported,
    countUnchanged: unsupported,
    deleteInactive: unsupported,
  };
  readonly ping = unsupported;
  readonly close = unsupported;

  /** @param readPage supports reads of a session, which are otherwise rejected */
  constructor(readPage: EventStore['readPage'] = unsupported) {
    this.events = {
      append: (sessionId, events, context) => this.hold(sessionId, events, context),
      get: unsupported,
      readPage,
      readEvents: readPage,
      countBefore: unsupported,
    };
  }

  /** Waits until this many appends have arrived, and returns all. */
  reached(count: number): Promise<readonly HeldAppend[]> {
    return until(`${count} appends arrive`, () => (this.appends.length >= count ? this.appends : undefined));
  }

  /** Makes all appends succeed, held and future ones. */
  release(): void {
    this.open = true;
    for (const append of this.appends) append.succeed();
  }

  private hold(
    sessionId: string,
    events: readonly NewEvent[],
    context: RequestContext,
  ): Promise<AppendedEvent[]> {
    const [{ eventId } = { eventId: '' }] = events;
    return new Promise((resolve, reject) => {
      const append = {
        eventId,
        context,
        succeed: () =>
          resolve(
            events.map((event) => ({
              event: {
                ...event,
                rowId: new Uint8Array(12),
                sessionId,
                sequence: this.appends.indexOf(append) + 1,
                timestamp: new Date(),
              },
              duplicate: false,
            })),
          ),
        fail: reject,
      };
      this.appends.push(append);
      if (this.open) append.succeed();
    });
  }
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('this test store does not support the operation'));
}
