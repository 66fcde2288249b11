import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { Types } from 'mongoose';
import type { SessionStatus } from '../../src/core/session';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newEventDocument, writeEvent } from '../../src/storage/mongo/documents/event-document';
import { newSessionDocument, writeSession } from '../../src/storage/mongo/documents/session-document';
import { BsonWriter } from '../../src/storage/mongo/documents/struct-bson/bson-writer';
import type { EventDocument, SessionDocument } from '../../src/storage/mongo/documents/schema';
import type { ProfiledDatabase } from '../support/profiled-database';

const SESSIONS = 100_000;
const EVENTS = 100_000;
export const DAY_MS = 24 * 3600 * 1000;
export const YESTERDAY = new Date(Math.floor(Date.now() / 1000) * 1000 - DAY_MS);
export const MONTH_AGO = new Date(YESTERDAY.getTime() - 30 * DAY_MS);
/** A range of sessions that have the same start time. */
export const SAME_START = { from: 50_000, to: 53_000 };
const PAYLOAD = StructBytes.of({ text: 'what was said' });

function sessionOf(
  sessionId: string,
  status: SessionStatus,
  startedAt: Date,
  language = 'en-US',
): SessionDocument {
  const document = newSessionDocument({ sessionId, status, language, metadata: PAYLOAD });
  const hasEnded = status === 'completed' || status === 'failed';
  return { ...document, startedAt, changedAt: startedAt, endedAt: hasEnded ? startedAt : null };
}

/** Statuses and languages are skewed: an index that suits a frequent value does not suit a rare one. */
function listedSession(index: number): SessionDocument {
  const status = index % 1000 === 7 ? 'failed' : index % 10 === 3 ? 'active' : 'completed';
  const language = index % 500 === 7 ? 'mt-MT' : index % 4 === 0 ? 'de-DE' : 'en-US';
  const hasSameStart = index >= SAME_START.from && index < SAME_START.to;
  const age = hasSameStart ? SAME_START.from : index;
  return sessionOf(`listed-${index}`, status, new Date(YESTERDAY.getTime() - age * 100), language);
}

function eventOf(sessionId: string, sequence: number, timestamp: Date): EventDocument {
  const type = sequence % 50 === 0 ? 'rare' : 'transcript';
  const rowId = new Types.ObjectId();
  const eventId = `event-${sequence}`;
  const event = { rowId: rowId.id, eventId, sessionId, sequence, type, payload: PAYLOAD, timestamp };
  return newEventDocument(rowId, event);
}

export function range<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Inserts one long session, many short ones, and sessions to expire. */
export async function fillDatabase({ db }: ProfiledDatabase): Promise<void> {
  const writer = new BsonWriter();
  const insert = async <Row>(
    name: string,
    write: (to: BsonWriter, row: Row) => void,
    rows: readonly Row[],
  ): Promise<void> => {
    for (let at = 0; at < rows.length; at += 10_000) {
      const documents = new DocumentSequence('documents');
      for (const row of rows.slice(at, at + 10_000)) write(writer, row);
      documents.push({}, writer.take());
      await db.command({ insert: name, documents, ordered: false });
    }
  };
  await insert('conversation_sessions', writeSession, [
    sessionOf('long', 'active', YESTERDAY),
    ...range(SESSIONS, listedSession),
    // For expiry: sessions that ended long ago, and ones that started long ago with an old event, a new one, or none.
    ...range(300, (index) => sessionOf(`ended-${index}`, 'completed', MONTH_AGO)),
    ...range(300, (index) => sessionOf(`begun-${index}`, 'active', MONTH_AGO)),
  ]);
  await insert('conversation_events', writeEvent, [
    ...range(EVENTS, (index) => eventOf('long', index + 1, new Date(YESTERDAY.getTime() + index * 10))),
    ...range(1000, (index) => eventOf(`listed-${index}`, 1, YESTERDAY)),
    ...range(100, (index) => eventOf(`begun-${index}`, 1, MONTH_AGO)),
    ...range(100, (index) => eventOf(`begun-${index + 100}`, 1, new Date())),
  ]);
}
