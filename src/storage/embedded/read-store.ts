import type { RootDatabase } from 'lmdb';
import { errorLine } from '../../core/error-message';
import { checkIdentity } from './files/identity';
import { storeFolder } from './files/store-folder';
import { openLmdb } from './lmdb';
import { checkTables, readMeta } from './store-meta';
import { BINARY } from './tables/binary-encoding';
import type { StoredSession } from './tables/records';
import { LogPage } from './tables/log-page';
import { Tables } from './tables/tables';

/** Events, and their bytes, that are read at a time. */
const PAGE_EVENTS = 1000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** The maximum number of problems that are listed. */
const MAX_PROBLEMS = 20;

/** What a store contains. */
export interface Contents {
  readonly sessions: number;
  readonly events: number;
  /** What cannot be read, or contradicts something else; the first of many. */
  readonly problems: readonly string[];
}

/**
 * Reads everything in a store. LMDB trusts its pages, so a damaged one may end the process by a signal.
 *
 * @param path absolute
 */
export async function readStore(path: string): Promise<Contents> {
  const root = openLmdb(path, { readOnly: true });
  try {
    checkIdentity(storeFolder(path).identityFile, readMeta(root));
    checkTables(root);
    return new StoreReader(root).read();
  } finally {
    await root.close();
  }
}

class StoreReader {
  private readonly tables: Tables;
  /** How many entries each table has. */
  private readonly counts = new Map<string, number>();
  private readonly problems: string[] = [];

  constructor(private readonly root: RootDatabase) {
    this.tables = new Tables(root);
  }

  read(): Contents {
    for (const name of [...this.root.getKeys()].map(String))
      this.attempt(`table ${name}`, () => this.readTable(name));
    const contents = { sessions: 0, events: 0 };
    const ids = this.root.openDB<Buffer, Buffer>({ name: 'sessions', ...BINARY });
    for (const key of ids.getKeys()) {
      const id = key.toString();
      this.attempt(`session ${id}`, () => {
        const session = this.tables.sessions.find(id);
        if (session === undefined) return;
        contents.sessions += 1;
        contents.events += this.readLog(session);
      });
    }
    this.attempt('events', () => this.compareCounts(contents.events));
    this.attempt('list of sessions', () => this.compareList(contents.sessions));
    return { ...contents, problems: this.problems };
  }

  /** Reads all keys and values of a table, whatever they mean. */
  private readTable(name: string): void {
    const table = this.root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' });
    let count = 0;
    let previous: Buffer | undefined;
    for (const { key } of table.getRange()) {
      if (previous !== undefined && Buffer.compare(previous, key) >= 0)
        throw new Error('its keys are not in order');
      previous = key;
      count += 1;
    }
    const stats = table.getStats();
    this.counts.set(name, count);
    if (!('entryCount' in stats) || count !== stats.entryCount)
      throw new Error(`it has ${count} entries, not as many as it says`);
  }

  /** Decodes all events of a session. Returns their number. */
  private readLog(session: StoredSession): number {
    const { sessionId } = session;
    const { events } = this.tables;
    const { eventCount } = this.tables.withLogHead(session);
    let sequence = 0;
    while (sequence < eventCount) {
      const range = { afterSequence: sequence, limit: PAGE_EVENTS, maximumBytes: PAGE_BYTES };
      const page = new LogPage(sessionId, range, eventCount);
      while (!page.isComplete) events.readSlice(page);
      if (page.events.length === 0) throw new Error(`sequence ${sequence + 1} is missing`);
      for (const event of page.events) {
        sequence += 1;
        if (event.sequence !== sequence || event.sessionId !== sessionId)
          throw new Error(`sequence ${sequence} is missing`);
        if (events.find(sessionId, event.eventId)?.sequence !== sequence)
          throw new Error(`the ID of sequence ${sequence} leads to another event`);
      }
    }
    return sequence;
  }

  /** Events of deleted sessions may be left. */
  private compareCounts(read: number): void {
    const countOf = (name: string): number => this.counts.get(name) ?? 0;
    if (countOf('uncleared') > 0) return;
    const [rows, ids] = [countOf('events'), countOf('event_ids')];
    if (rows !== read || ids !== read)
      throw new Error(
        `the logs have ${read} events, but the tables have ${rows} events and ${ids} event IDs`,
      );
  }

  private compareList(sessions: number): void {
    const query = {
      status: undefined,
      language: undefined,
      startedAfter: undefined,
      startedBefore: undefined,
    };
    let listed = 0;
    let after: StoredSession | undefined;
    do {
      const page = this.tables.sessions.list(
        { ...query, after, limit: PAGE_EVENTS, maximumBytes: Infinity },
        (session) => session,
        (error) => {
          throw error;
        },
      );
      listed += page.length;
      after = page.at(-1);
    } while (after !== undefined);
    if (listed !== sessions) throw new Error(`it has ${listed} of ${sessions} sessions`);
  }

  /** Does a part of the work; what it throws is a problem of that part alone. */
  private attempt(part: string, work: () => void): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    try {
      work();
    } catch (error) {
      this.problems.push(`${part}: ${errorLine(error)}`);
    }
  }
}
