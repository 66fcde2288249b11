import { MongoMemoryServer } from 'mongodb-memory-server';
import { endServices, runService, startService } from '../support/service-process';
import { connect, disconnect } from '../support/connect';
import { outcomesOf } from '../support/outcomes';
import { until } from '../support/until';

describe('A server that starts on MongoDB', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  it.each(['mongodb//localhost', 'http://localhost:27017', 'mongodb://host:99999/', 'localhost'])(
    'reports a malformed MONGODB_URI: %s',
    async (uri) => {
      const { code, stderr } = await runService({
        environment: { GRPC_PORT: '0', HTTP_PORT: '', MONGODB_URI: uri },
      });
      expect(stderr).toMatch(/^MONGODB_URI is malformed: .*; write it as mongodb:\/\/.*\n$/);
      expect(code).toBe(1);
    },
  );

  it('exits with one clear line if MongoDB rejects the credentials, without revealing them', async () => {
    const mongod = await MongoMemoryServer.create({
      auth: { enable: true, customRootName: 'owner', customRootPwd: 'right' },
      instance: { storageEngine: 'wiredTiger', args: ['--wiredTigerCacheSizeGB', '0.25'] },
    });
    try {
      const uri = `mongodb://owner:wrong-password@127.0.0.1:${mongod.instanceInfo?.port ?? 0}/conversations?authSource=admin`;
      const { code, stdout, stderr, ms } = await runService({
        environment: { GRPC_PORT: '0', HTTP_PORT: '', MONGODB_URI: uri },
      });
      expect(code).toBe(1);
      expect(ms).toBeLessThan(15_000);
      expect(stderr).toMatch(/^MongoDB rejects the user in MONGODB_URI: .*; check user.*\n$/);
      expect(stdout + stderr).not.toContain('wrong-password');
      expect(stdout + stderr).not.toMatch(/^\s+at /m);
    } finally {
      await mongod.stop();
    }
  });

  it('waits for an unreachable database: it listens, logs each retry, and answers UNAVAILABLE', async () => {
    const uri = 'mongodb://127.0.0.1:1/conversations';
    const { service, port } = await startService({ MONGODB_URI: uri });
    const outcomes = await outcomesOf([connect(port).createSession({ sessionId: 'call-1' })]);
    expect(outcomes).toEqual(['UNAVAILABLE']);
    const logged = await until(
      'two retries are logged',
      () => {
        const lines = service.log.filter(
          ({ level, msg }) => level === 40 && /MongoDB|MONGODB_URI/.test(String(msg)),
        );
        return lines.length >= 2 ? lines : undefined;
      },
      25_000,
    );
    expect(logged[0]?.msg).toBe(logged[1]?.msg);
    const stoppedAt = performance.now();
    service.signal('SIGTERM');
    expect((await service.exit).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  });
});
