import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { findMongod } from './mongod-binary';
import { until } from './until';

/** A mongod of a replica set. It can be frozen, killed, and restarted with its data. */
export class Member {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'mongod-'));

  constructor(
    private readonly binary: string,
    readonly port: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.process = spawn(
      this.binary,
      [
        ...['--dbpath', this.folder, '--port', String(this.port), '--bind_ip', '127.0.0.1'],
        ...['--replSet', 'rs', '--wiredTigerCacheSizeGB', '0.25', '--setParameter', 'enableTestCommands=1'],
      ],
      { stdio: 'ignore' },
    );
    await until(`mongod on ${this.address} replies`, () => this.command({ ping: 1 }).catch(() => undefined));
  }

  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const running = this.process;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  }

  /** Sends a command to this member. */
  async command(command: mongo.Document, database = 'admin'): Promise<mongo.Document> {
    const client = new mongo.MongoClient(`mongodb://${this.address}/?directConnection=true`, {
      serverSelectionTimeoutMS: 1000,
      socketTimeoutMS: 5000,
    });
    try {
      return await client.db(database).command(command);
    } finally {
      await client.close();
    }
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A replica set of real mongods with short election timeouts. */
export class ReplicaSet {
  private constructor(readonly members: readonly Member[]) {}

  static async start(count: number): Promise<ReplicaSet> {
    const binary = await findMongod();
    const members: Member[] = [];
    for (let i = 0; i < count; i += 1) members.push(new Member(binary, await freePort()));
    await Promise.all(members.map((member) => member.start()));
    const set = new ReplicaSet(members);
    await set.members[0]?.command({
      replSetInitiate: {
        _id: 'rs',
        members: members.map((member, _id) => ({ _id, host: member.address })),
        settings: { electionTimeoutMillis: 2000, heartbeatIntervalMillis: 500 },
      },
    });
    await set.primary();
    return set;
  }

  get uri(): string {
    return `mongodb://${this.members.map(({ address }) => address).join(',')}/conversation?replicaSet=rs`;
  }

  /** Waits until the replica set has a primary, and returns it. */
  primary(): Promise<Member> {
    return until(
      'the replica set has a primary',
      async () => {
        for (const member of this.members) {
          const hello = await member.command({ hello: 1 }).catch(() => undefined);
          if (hello?.isWritablePrimary === true) return member;
        }
        return undefined;
      },
      30_000,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.members.map((member) => {
        member.thaw();
        return member.remove();
      }),
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port');
  return address.port;
}
