import { mongo } from 'mongoose';

/** What the database did for one command of the service, as its profiler tells. */
export interface Profiled {
  readonly operation: string;
  /** Its filter or pipeline, as JSON. */
  readonly question: string;
  readonly plan: string;
  readonly sortedInMemory: boolean;
  readonly keysExamined: number;
  readonly docsExamined: number;
  /** Documents returned, changed or removed. */
  readonly served: number;
}

/** What is used here of an entry of `system.profile`. */
interface Entry extends Pick<Profiled, 'keysExamined' | 'docsExamined'> {
  readonly op: string;
  readonly command: { readonly filter?: object; readonly pipeline?: object; readonly q?: object };
  readonly planSummary: string;
  readonly hasSortStage?: boolean;
  readonly nreturned?: number;
  readonly nMatched?: number;
  readonly ndeleted?: number;
}

/** A database whose profiler is asked what each piece of work took. */
export class ProfiledDatabase {
  private readonly client: mongo.MongoClient;
  readonly db: mongo.Db;

  constructor(uri: string) {
    this.client = new mongo.MongoClient(uri, { appName: 'the test' });
    this.db = this.client.db();
  }

  /** The commands that reached the database while the work was done, but for those of this very connection. */
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
    question: JSON.stringify(filter ?? pipeline ?? q ?? {}),
    plan: planSummary,
    sortedInMemory: hasSortStage === true,
    keysExamined,
    docsExamined,
    served: nreturned ?? nMatched ?? ndeleted ?? 0,
  };
}
