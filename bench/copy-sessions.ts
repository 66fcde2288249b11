import { mongo } from 'mongoose';
import { fillSessionIdOf } from './request-template';

const BATCH_SIZE = 5000;

/** Fills a database with copies of its only session. A million sessions would take ten minutes through the API. */
export async function copySessions(uri: string, sessions: number): Promise<void> {
  const client = new mongo.MongoClient(uri);
  try {
    const collection = client.db().collection('conversation_sessions');
    const original = await collection.findOne({});
    for (let first = 1; first < sessions; first += BATCH_SIZE) {
      const copies = Array.from({ length: Math.min(BATCH_SIZE, sessions - first) }, (_, index) => ({
        ...original,
        _id: new mongo.ObjectId(),
        sessionId: fillSessionIdOf(first + index),
      }));
      await collection.insertMany(copies, { ordered: false });
    }
    // Flushes to disk now, so that the writes do not disturb a measurement later.
    await client.db('admin').command({ fsync: 1 });
    const stored = await collection.countDocuments();
    if (stored !== sessions) throw new Error(`${stored} sessions are stored, expected ${sessions}`);
  } finally {
    await client.close();
  }
}
