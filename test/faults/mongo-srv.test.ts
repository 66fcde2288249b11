import dns from 'node:dns';
import { DnsServer } from '../support/dns-server';
import { expectWholeLog, LogWriter } from '../support/log-writer';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';

test('mongodb+srv finds the database by DNS', async () => {
  const set = await ReplicaSet.start(1);
  // The target must be in the domain of the query: 127.0.0.1 is in 0.0.1, and resolves to itself.
  const server = await DnsServer.start('_mongodb._tcp.cluster.0.0.1', '127.0.0.1', set.members[0]?.port ?? 0);
  const servers = dns.getServers();
  dns.setServers([server.address]);
  try {
    const store = await openMongo('mongodb+srv://cluster.0.0.1/conversation?tls=false&replicaSet=rs');
    const writer = new LogWriter(store);
    await writer.create();
    await writer.add(10);
    await expectWholeLog(writer, 10);
    await store.close();
  } finally {
    dns.setServers(servers);
    server.stop();
    await set.stop();
  }
}, 60_000);
