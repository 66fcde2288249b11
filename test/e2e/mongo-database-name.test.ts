import { mongo } from 'mongoose';
import { type RunningMongod, startStandalone } from '../support/mongod';
import { openMongo } from '../support/open-mongo';

const SYSTEM_DATABASES = ['admin', 'config', 'local'];

describe('The database of MONGODB_URI', () => {
  let mongod: RunningMongod;
  let client: mongo.MongoClient;

  beforeAll(async () => {
    mongod = await startStandalone();
    client = new mongo.MongoClient(mongod.uri);
  });

  afterAll(async () => {
    await client.close();
    await mongod.stop();
  });

  const databases = async (): Promise<string[]> => {
    const { databases: found } = await client.db().admin().listDatabases({ nameOnly: true });
    return found.map(({ name }) => name).filter((name) => !SYSTEM_DATABASES.includes(name));
  };

  it.each([
    ['', 'conversation'],
    ['/', 'conversation'],
    ['/?appName=a', 'conversation'],
    ['/?appName=a/b', 'conversation'],
    ['?appName=a/b', 'conversation'],
    ['/?tlsCAFile=/certificates/ca.pem', 'conversation'],
    ['/calls', 'calls'],
    ['/test', 'test'],
    ['/test?appName=a/b', 'test'],
    ['/calls?tlsCAFile=/certificates/ca.pem', 'calls'],
  ])('after HOST:PORT, %j selects %s', async (rest, expected) => {
    const store = await openMongo(`mongodb://${new URL(mongod.uri).host}${rest}`);
    try {
      expect(await databases()).toEqual([expected]);
    } finally {
      await store.close();
      await client.db(expected).dropDatabase();
    }
  });
});
