import { status as Code } from '@grpc/grpc-js';
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { mongo } from 'mongoose';
import type { Session } from '../../generated/conversation/v1/session';
import { LIMITS } from '../../src/core/limits';
import { failureOf } from './call-error';
import { connect, disconnect } from './connect';
import { type RunningMongod, startReplicaSet } from './mongod';
import type { RpcClient } from './rpc-client';
import { endServices, type ServiceProcess, startService } from './service-process';
import { until } from './until';

/** The longest that a call may take that meets an unreadable row, in milliseconds. */
const AT_ONCE_MS = 2000;
/** The level of errors in the log. */
const ERROR = 50;

/** The number of levels that no metadata and no payload may have. */
export const TOO_DEEP = LIMITS.structLevels + 1;

/** An object in an object, with this many levels. */
export function nested(levels: number): mongo.Document {
  return levels === 1 ? {} : { o: nested(levels - 1) };
}

/** A server process, and the collections of its database, in which tests write rows by hand. */
export class OddRows {
  readonly sessions: mongo.Collection;
  readonly events: mongo.Collection;

  private constructor(
    readonly mongod: RunningMongod,
    private readonly database: mongo.MongoClient,
    readonly service: ServiceProcess,
    readonly url: string,
    readonly client: RpcClient,
  ) {
    this.sessions = database.db().collection('conversation_sessions');
    this.events = database.db().collection('conversation_events');
  }

  static async start(): Promise<OddRows> {
    const mongod = await startReplicaSet();
    const { service, port, url } = await startService({ MONGODB_URI: mongod.uri });
    await until('the server serves', () =>
      service.log.find(({ msg }) => msg === 'the store answers: serving'),
    );
    return new OddRows(mongod, new mongo.MongoClient(mongod.uri), service, url, connect(port));
  }

  async clear(): Promise<void> {
    await this.sessions.deleteMany({});
    await this.events.deleteMany({});
  }

  async createSessions(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, index) => `whole-${index}`);
    for (const sessionId of ids) await this.client.createSession({ sessionId });
    return ids;
  }

  async stop(): Promise<void> {
    disconnect();
    await endServices();
    await this.database.close();
    await this.mongod.stop();
  }

  /** Inserts the document with the bytes of each `xx` replaced by others that are not valid UTF-8. The driver would not write them. */
  async insertBytes(collection: mongo.Collection, document: mongo.Document): Promise<void> {
    const bson = Buffer.from(mongo.BSON.serialize(document));
    for (let at = bson.indexOf('xx'); at >= 0; at = bson.indexOf('xx', at)) bson.fill(0xff, at, at + 2);
    const command = { insert: collection.collectionName, documents: new DocumentSequence('documents') };
    command.documents.push({}, bson);
    expect(await this.database.db().command(command)).toMatchObject({ n: 1 });
  }

  /** Lists all sessions, page by page. Returns the IDs and the sizes of the pages. */
  async listAll(pageSize: number): Promise<{ ids: string[]; pages: number[] }> {
    const [ids, pages]: [string[], number[]] = [[], []];
    let pageToken = '';
    do {
      const page = await this.client.listSessions({ pageSize, pageToken });
      ids.push(...page.sessions.map(({ sessionId }: Session) => sessionId));
      pages.push(page.sessions.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return { ids, pages };
  }

  /** Expects the call to end with INTERNAL at once, and the log to name the row. */
  async expectInternal(call: () => Promise<unknown>, ...names: readonly string[]): Promise<void> {
    const logged = this.service.log.length;
    const startedAt = performance.now();
    const error = await failureOf(call());
    expect({ code: Code[error.code], details: error.details }).toEqual({
      code: 'INTERNAL',
      details: 'internal error',
    });
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    await until(`the log names ${names.join(', ')}`, () =>
      this.service.log.slice(logged).find(({ level, err }) => {
        const text = JSON.stringify(err);
        return level === ERROR && names.every((name) => text.includes(name));
      }),
    );
  }
}
