import type { NewEvent } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { AppendedEvent } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { PendingAppend } from './pending-append';
import type { MongoConnection } from '../connection';
import { Contention } from './contention';
import { EventInserter } from './group-commit';
import { AppendQueue, type SharedByLanes } from './append-queue';
import type { EventFinder } from '../events/event-finder';
import type { LogHeads } from './log-heads';

/** Appends events to their logs: a lane for each session that has appends waiting, and one group commit under all. */
export class AppendQueues {
  private readonly shared: SharedByLanes;
  private readonly lanes = new Map<string, AppendQueue>();

  constructor(connection: MongoConnection, tails: LogHeads, stored: EventFinder, observer: StoreObserver) {
    this.shared = {
      connection,
      tails,
      stored,
      contention: new Contention(),
      group: new EventInserter(connection, observer),
      observer,
    };
  }

  append(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AppendedEvent[]> {
    const lane = this.laneOf(sessionId);
    const appends = events.map((event) => new PendingAppend(event, context));
    for (const append of appends) lane.add(append);
    return Promise.all(appends.map(({ answer }) => answer));
  }

  private laneOf(sessionId: string): AppendQueue {
    const known = this.lanes.get(sessionId);
    if (known !== undefined) return known;
    const lane = new AppendQueue(sessionId, this.shared, () => this.lanes.delete(sessionId));
    this.lanes.set(sessionId, lane);
    return lane;
  }
}
