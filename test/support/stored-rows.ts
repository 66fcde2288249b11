import { type Database, open, type RootDatabase } from 'lmdb';
import { checksumSeed, withChecksum } from '../../src/storage/embedded/tables/checksum';
import { encodeTombstone } from '../../src/storage/embedded/tables/records';
import { deletedKey } from '../../src/storage/embedded/tables/session-index';

/** The tables of an embedded store, as bytes. No service may run on its folder. */
export class StoredRows {
  private readonly root: RootDatabase;

  constructor(folder: string) {
    this.root = open({ path: folder, noSubdir: false, maxDbs: 12 });
  }

  count(table: string): number {
    return this.table(table).getCount();
  }

  get(table: string, key: Buffer): Buffer {
    const value = this.table(table).get(key);
    if (value === undefined) throw new Error(`${table} has no such row`);
    return value;
  }

  put(table: string, key: Buffer, value: Buffer): void {
    this.table(table).putSync(key, value);
  }

  remove(table: string, key: Buffer): void {
    if (!this.table(table).removeSync(key)) throw new Error(`${table} has no such row`);
  }

  /** Flips one bit in the middle of a value. */
  damage(table: string, key: Buffer): void {
    const value = this.get(table, key);
    const middle = value.length >> 1;
    value.writeUInt8(value.readUInt8(middle) ^ 1, middle);
    this.put(table, key, value);
  }

  /** Makes a session's only tombstone older. */
  ageTombstone(sessionId: string, ms: number): void {
    const deletedAt = new Date(Date.now() - ms);
    const key = sessionKey(sessionId);
    this.put('sessions', key, withChecksum(encodeTombstone(deletedAt), checksumSeed(key)));
    const tombstones = this.table('tombstones');
    for (const found of [...tombstones.getKeys({})])
      if (found.toString().endsWith(sessionId)) tombstones.removeSync(found);
    this.addTombstoneKey(sessionId, deletedAt);
  }

  addTombstoneKey(sessionId: string, deletedAt: Date): void {
    this.put('tombstones', deletedKey(deletedAt, sessionId), Buffer.alloc(0));
  }

  close(): Promise<void> {
    return this.root.close();
  }

  private table(name: string): Database<Buffer, Buffer> {
    return this.root.openDB({ name, keyEncoding: 'binary', encoding: 'binary' });
  }
}

export function sessionKey(sessionId: string): Buffer {
  return Buffer.from(sessionId);
}

export function eventKey(sessionId: string, sequence: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(sequence, 0, bytes.length);
  return Buffer.concat([Buffer.from(`${sessionId}\0`), bytes]);
}

export function eventIdKey(sessionId: string, eventId: string): Buffer {
  return Buffer.from(`${sessionId}\0${eventId}`);
}
