import type { NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { AddedEvent } from '../../core/session-repository';
import { Append } from './append';
import type { MongoConnection } from './connection';
import { insertEvents } from './insert-events';
import { SessionLane } from './session-lane';
import { Tails } from './tails';

/** Appends events to their logs: a lane for each session that has appends waiting. */
export class EventWriter {
  private readonly tails: Tails;
  private readonly lanes = new Map<string, SessionLane>();

  constructor(private readonly connection: MongoConnection) {
    this.tails = new Tails(connection);
  }

  append(sessionId: string, event: NewEvent, context: RequestContext): Promise<AddedEvent> {
    const append = new Append(event, context);
    this.laneOf(sessionId).add(append);
    return append.answer;
  }

  private laneOf(sessionId: string): SessionLane {
    const known = this.lanes.get(sessionId);
    if (known !== undefined) return known;
    const lane = new SessionLane(
      sessionId,
      this.connection,
      this.tails,
      (documents) => insertEvents(this.connection.database.events, documents),
      () => this.lanes.delete(sessionId),
    );
    this.lanes.set(sessionId, lane);
    return lane;
  }
}
