import type { NewEvent } from '../../src/core/event';
import type { RequestContext } from '../../src/core/request-context';
import type { AddedEvent, SessionRepository } from '../../src/core/store';
import { type Watcher, WatchRegistry } from '../../src/core/watch-registry';
import { until } from './until';

/** An append that a server passed on, which its test lets succeed or fail. */
export interface HeldAppend {
  readonly eventId: string;
  readonly context: RequestContext;
  succeed(): void;
  fail(error: Error): void;
}

/** A repository whose appends wait until they are told what becomes of them. */
export class HeldRepository implements SessionRepository {
  private readonly watches = new WatchRegistry();
  /** In the order in which they came. */
  readonly appends: HeldAppend[] = [];
  /** Once true, appends succeed at once. */
  open = false;
  readonly createSession = notOfThisTest;
  readonly completeSession = notOfThisTest;
  readonly readSession = notOfThisTest;
  readonly getEvent = notOfThisTest;
  readonly countBefore = notOfThisTest;
  readonly listSessions = notOfThisTest;
  readonly updateSession = notOfThisTest;
  readonly deleteSession = notOfThisTest;
  readonly deleteExpired = notOfThisTest;
  readonly ping = notOfThisTest;
  readonly close = notOfThisTest;

  addEvents(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AddedEvent[]> {
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

  watch(sessionId: string): Watcher {
    return this.watches.open(sessionId);
  }

  /** Once so many appends have come: all of them. */
  reached(count: number): Promise<readonly HeldAppend[]> {
    return until(`${count} appends`, () => (this.appends.length >= count ? this.appends : undefined));
  }

  /** All that wait succeed, and all that come. */
  release(): void {
    this.open = true;
    for (const append of this.appends) append.succeed();
  }
}

function notOfThisTest(): Promise<never> {
  return Promise.reject(new Error('not of this test'));
}
