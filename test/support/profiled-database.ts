import { mongo } from 'mongoose';

/** The cost of one command, as the database's profiler reports it. */
export interface Profiled {
  readonly operation: string;
  /** Its filter or pipeline, as JSON. */
  readonly query: string;
  readonly plan: string;
  readonly sortedInMemory: boolean;
  readonly keysExamined: number;
  readonly docsExamined: number;
  /** Documents returned, changed or removed. */
  readonly affected: number;
}

/** The fields of a `system.profile` entry that `toProfiled` uses. */
interface Entry extends Pick<Profiled, 'keysExamined' | 'docsExamined'> {
  readonly op: string;
  readonly command: { readonly filter?: object; readonly pipeline?: object; readonly q?: object };
  readonly planSummary: string;
  readonly hasSortStage?: boolean;
  readonly nreturned?: number;
  readonly nMatched?: number;
  readonly ndeleted?: number;
}

/** A database whose profiler shows the cost of each piece of work. */
export class ProfiledDatabase {
  private readonly client: mongo.MongoClient;
  readonly db: mongo.Db;

  constructor(uri: string) {
    this.client = new mongo.MongoClient(uri, { appName: 'the test' });
    this.db = this.client.db();
  }

  /** Returns the commands that reached the database during the work, except those of this connection. */
  async profile(work: () => Promise<unknown>): Promise<Profiled[]> {
    await this.db.command({ profile: 0 });
    await this.db.collection('system.profile').drop();
    await this.db.createCollection('system.profile', { capped: true, size: 64 * 1024 * 1024 });
    await this.db.command({ profile: 2, slowms: 0 });
    await work();
    await this.db.command({ profile: 0 });
    return this.db
      .collection<Entry>('system.profile')
      .find({ ns: /\.conversation_/, appName: { $ne: 'the test' }, keysExamined: { $exists: true } })
      .map(toProfiled)
      .toArray();
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function toProfiled(entry: Entry): Profiled {
  const { op, command, planSummary, hasSortStage, keysExamined, docsExamined } = entry;
  const { nreturned, nMatched, ndeleted } = entry;
  const { filter, pipeline, q } = command;
  return {
    operation: op,
    query: JSON.stringify(filter ?? pipeline ?? q ?? {}),
    plan: planSummary,
    sortedInMemory: hasSortStage === true,
    keysExamined,
    docsExamined,
    affected: nreturned ?? nMatched ?? ndeleted ?? 0,
  };
}
