import { mongo } from 'mongoose';
import { fillingSessionIdOf } from './request-template';

const COPIES_AT_ONCE = 5000;

/** Fills a database up with copies of its one session, as the server wrote it: by calls a million takes ten minutes. */
export async function copySessions(uri: string, sessions: number): Promise<void> {
  const client = new mongo.MongoClient(uri);
  try {
    const collection = client.db().collection('conversation_sessions');
    const written = await collection.findOne({});
    for (let first = 1; first < sessions; first += COPIES_AT_ONCE) {
      const copies = Array.from({ length: Math.min(COPIES_AT_ONCE, sessions - first) }, (_, index) => ({
        ...written,
        _id: new mongo.ObjectId(),
        sessionId: fillingSessionIdOf(first + index),
      }));
      await collection.insertMany(copies, { ordered: false });
    }
    // Written to disk now, not while something else is measured.
    await client.db('admin').command({ fsync: 1 });
    const stored = await collection.countDocuments();
    if (stored !== sessions) throw new Error(`${stored} sessions are stored, and should be ${sessions}`);
  } finally {
    await client.close();
  }
}
