import { RequestContext } from '../../src/core/request-context';
import { LogWriter } from '../support/log-writer';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';

test('no option in MONGODB_URI makes writes less durable', async () => {
  const set = await ReplicaSet.start(1);
  const primary = await set.primary();
  const store = await openMongo(`${set.uri}&w=1&journal=false&readConcernLevel=local&wtimeoutMS=1`);
  try {
    await primary.command({ profile: 2 }, 'conversation');
    const writer = new LogWriter(store);
    await writer.create();
    await writer.add(30);
    const context = new RequestContext(Date.now() + 5000);
    await store.sessions.complete(writer.sessionId, { status: 'completed', endReason: '' }, context);
    const profile = await primary.command({ find: 'system.profile', batchSize: 1000 }, 'conversation');
    const entries = JSON.parse(JSON.stringify(profile)) as {
      cursor: { firstBatch: { op: string; command: { writeConcern?: { w: unknown; j: unknown } } }[] };
    };
    const writes = entries.cursor.firstBatch.filter(({ op }) => op === 'insert' || op === 'command');
    const concerns = writes.flatMap(({ command }) =>
      command.writeConcern === undefined ? [] : [command.writeConcern],
    );
    expect(concerns.length).toBeGreaterThan(2);
    for (const concern of concerns) expect(concern).toMatchObject({ w: 'majority', j: true });
  } finally {
    await store.close();
    await set.stop();
  }
}, 60_000);
