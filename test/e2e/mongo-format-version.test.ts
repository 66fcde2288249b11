import { mongo } from 'mongoose';
import { ensureFormat } from '../../src/storage/mongo/format-version';
import { disconnect } from '../support/connect';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { MongoServer } from '../support/mongo-server';
import { endServices, type Exit, runService } from '../support/service-process';

const META = 'conversation_meta';

describe('The format version of the database', () => {
  let mongod: RunningMongod;
  let client: mongo.MongoClient;
  let db: mongo.Db;
  let meta: mongo.Collection<{ _id: string; version?: unknown }>;
  let uri: string;

  beforeAll(async () => {
    mongod = await startReplicaSet();
    client = await mongo.MongoClient.connect(mongod.uri);
  }, 60_000);

  beforeEach(() => useNewDatabase());

  afterEach(async () => {
    disconnect();
    await endServices();
  });

  afterAll(async () => {
    await client.close();
    await mongod.stop();
  });

  function useNewDatabase(): void {
    const name = `format-${String(new mongo.ObjectId())}`;
    db = client.db(name);
    meta = db.collection(META);
    uri = mongod.uri.replace('/conversations?', `/${name}?`);
  }

  const run = (...options: string[]): Promise<Exit> =>
    runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '', MONGODB_URI: uri }, options });

  const collections = async (): Promise<string[]> =>
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name).sort();

  it('is written at the first start, by two servers at once', async () => {
    const servers = await Promise.all([MongoServer.start(uri), MongoServer.start(uri)]);
    expect(await meta.find().toArray()).toEqual([{ _id: 'format', version: 1 }]);
    for (const { client: sender } of servers) await sender.createSession({ sessionId: 'call-1' });
  });

  it('is written to a database whose collections are empty', async () => {
    await db.createCollection('conversation_sessions');
    await db.createCollection('conversation_events');
    expect((await run('--create-indexes')).code).toBe(0);
    expect(await meta.find().toArray()).toEqual([{ _id: 'format', version: 1 }]);
  });

  it.each([[[]], [['--create-indexes']]])(
    'of another number ends a start %p, which changes nothing',
    async (options) => {
      await meta.insertOne({ _id: 'format', version: 2 });
      const { code, stderr } = await run(...options);
      expect(stderr).toBe(
        `the database ${db.databaseName} has data in format 2, but this version of the service uses format 1: run the version that wrote it, or set an empty or another database in MONGODB_URI\n`,
      );
      expect(code).toBe(1);
      expect(await collections()).toEqual([META]);
      expect(await meta.find().toArray()).toEqual([{ _id: 'format', version: 2 }]);
    },
  );

  it('is missing beside data, which ends a start and changes nothing', async () => {
    const sessions = db.collection('conversation_sessions');
    await sessions.insertOne({ sessionId: 'call-1' });
    const { code, stderr } = await run();
    expect(stderr).toBe(
      `the database ${db.databaseName} has documents in conversation_sessions, but no format version in conversation_meta: set an empty or another database in MONGODB_URI, or drop these collections; if it was restored from a backup, restore conversation_meta too\n`,
    );
    expect(code).toBe(1);
    expect(await collections()).toEqual(['conversation_sessions']);
    expect(await sessions.indexes()).toHaveLength(1);
  });

  it('is missing beside data in both collections, which are named', async () => {
    await db.collection('conversation_sessions').insertOne({ sessionId: 'call-1' });
    await db.collection('conversation_events').insertOne({ sessionId: 'call-1' });
    expect(await ensureFormat(db)).toContain('in conversation_sessions and conversation_events, but');
  });

  it.each([[0], ['1'], [null], [1.5], [{ number: 1 }]])('is refused if it is %j', async (version) => {
    await meta.insertOne({ _id: 'format', version });
    expect(await ensureFormat(db)).toContain(`has data in format ${JSON.stringify(version)}, but`);
  });

  it('is refused if its document has none', async () => {
    await meta.insertOne({ _id: 'format' });
    expect(await ensureFormat(db)).toContain('has data in format null');
  });

  it('of first starts of two versions at once, one wins, and each server agrees on it', async () => {
    for (let round = 0; round < 10; round += 1) {
      useNewDatabase();
      const newer = meta.insertOne({ _id: 'format', version: 2 }).then(
        () => true,
        () => false,
      );
      const problems = await Promise.all([ensureFormat(db), ensureFormat(db)]);
      const isRefused = problems.map((problem) => problem?.includes('has data in format 2') ?? false);
      expect(isRefused).toEqual([await newer, await newer]);
      expect(await meta.countDocuments()).toBe(1);
    }
  });

  it('is found if another server writes it, and then data, during the start', async () => {
    for (let round = 0; round < 10; round += 1) {
      useNewDatabase();
      const other = async (): Promise<void> => {
        await meta.insertOne({ _id: 'format', version: 1 }).catch(() => undefined);
        await db.collection('conversation_sessions').insertOne({ sessionId: 'call-1' });
      };
      const [problem] = await Promise.all([ensureFormat(db), other()]);
      expect(problem).toBeUndefined();
    }
  });
});
