import type { Connection, mongo } from 'mongoose';
import { storeUnavailable } from '../../core/errors';
import { IntegrityError } from '../../core/integrity-error';
import type { Logger } from '../../telemetry/logger';
import type { BuildTarget } from './build-indexes';
import { type Catalog, describeFaults, type MissingIndex, readCatalog, replacedCollections } from './catalog';
import { FORMAT_VERSION } from './format-version';
import { withQueryTimeout } from './query-timeout';
import { Repair } from './repair';
import { writableServers } from './writable-servers';

/** How often the database is checked, in milliseconds. */
const CHECK_INTERVAL_MS = 1000;

/** How old the last check may be when a write is sent or acknowledged, in milliseconds; otherwise another one comes first. */
const MAX_CHECK_AGE_MS = 3000;

/** The connected database. */
export interface CheckedDatabase extends BuildTarget {
  readonly connection: Connection;
}

/**
 * Checks that the database has the format version, the service's collections and their indexes: every
 * second, whenever the driver has found a primary, and before a write whose last check is too old.
 *
 * Without the version, the documents may be of another form, for example after a restore. Without a
 * unique index, an event can be stored twice. So writes are refused until both are there. And a
 * collection that was dropped and created again, as by a restore, has other documents than the
 * cached log heads were read from. Each begins a new epoch, in which no write from the last one is
 * acknowledged.
 */
export class Integrity {
  private readonly repair: Repair;
  private database: CheckedDatabase | undefined;
  private onNewEpoch: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<void> | undefined;

  /** When the last successful check began, and when it must have begun at least, by `performance.now()`. */
  private checkedAt = -Infinity;
  private checkNeededFrom = -Infinity;
  /** When the last check began that found the format version and every unique index. */
  private intactAt = new Date();
  private epoch = 0;
  private uuids: Catalog['uuids'] = new Map();
  private missing: readonly MissingIndex[] = [];
  private problem: IntegrityError | undefined;
  /** The last line of the log about what is missing; empty if nothing is. */
  private reported = '';

  constructor(private readonly logger: Logger) {
    this.repair = new Repair(logger, this.checkInBackground);
  }

  /** @param onNewEpoch called when what was read from the database before may not be there any more */
  start(database: CheckedDatabase, onNewEpoch: () => void): void {
    this.database = database;
    this.onNewEpoch = onNewEpoch;
    database.connection.getClient().on('topologyDescriptionChanged', this.onTopologyChange);
    this.timer = setInterval(this.checkInBackground, CHECK_INTERVAL_MS);
    this.checkInBackground();
  }

  stop(): void {
    clearInterval(this.timer);
    this.database?.connection.getClient().off('topologyDescriptionChanged', this.onTopologyChange);
    this.database = undefined;
  }

  /**
   * Returns the epoch, by a recent check.
   *
   * @throws STORE_UNAVAILABLE while writes are refused, or the driver's error if the check fails
   */
  async confirm(): Promise<number> {
    const oldest = performance.now() - MAX_CHECK_AGE_MS;
    while (this.problem === undefined && this.checkedAt < Math.max(oldest, this.checkNeededFrom))
      await this.check();
    this.throwIfDamaged();
    return this.epoch;
  }

  /** For a write that was prepared in this epoch, before it is acknowledged. @throws like `confirm`, also if the epoch is over */
  async confirmStill(epoch: number): Promise<void> {
    if ((await this.confirm()) !== epoch)
      throw storeUnavailable(new IntegrityError('the database was changed during the write'));
  }

  /** @throws STORE_UNAVAILABLE while writes are refused */
  throwIfDamaged(): void {
    if (this.problem !== undefined) throw storeUnavailable(this.problem);
  }

  /** The option that makes a query use this index; none while the index is missing, because the query would fail. */
  hint<Key extends Readonly<Record<string, 1 | -1>>>(key: Key): { readonly hint?: Key } {
    const isMissing =
      this.missing.length > 0 &&
      this.missing.some((index) => JSON.stringify(index.key) === JSON.stringify(key));
    return isMissing ? {} : { hint: key };
  }

  private readonly onTopologyChange = (event: mongo.TopologyDescriptionChangedEvent): void => {
    const writable = writableServers(event.newDescription);
    if (writable === writableServers(event.previousDescription)) return;
    this.checkNeededFrom = performance.now();
    if (writable !== '') this.checkInBackground();
  };

  private readonly checkInBackground = (): void => {
    this.check().catch((error: unknown) =>
      this.logger.debug({ err: error }, 'cannot check the collections and indexes; retrying'),
    );
  };

  /** Joins a check in progress. */
  private check(): Promise<void> {
    this.checking ??= this.readAndJudge().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async readAndJudge(): Promise<void> {
    const { database } = this;
    if (database === undefined) throw storeUnavailable(new Error('not connected to MongoDB'));
    const [beganAt, began] = [performance.now(), new Date()];
    const catalog = await withQueryTimeout(readCatalog(database.db));
    this.checkedAt = beganAt;
    this.judge(catalog);
    if (this.problem === undefined) this.intactAt = began;
    if (this.reported !== '') this.repair.start(database, catalog, this.intactAt);
  }

  private judge(catalog: Catalog): void {
    const wasIntact = this.problem === undefined;
    const isIntact = catalog.format === FORMAT_VERSION && !catalog.missing.some(({ unique }) => unique);
    const replaced = replacedCollections(this.uuids, catalog.uuids);
    const since = this.intactAt.toISOString();
    if (wasIntact && replaced.length > 0)
      this.logger.warn(
        `${replaced.join(' and ')}: dropped or replaced, for example by a restore; writes that were acknowledged since ${since} may be lost`,
      );
    ({ uuids: this.uuids, missing: this.missing } = catalog);
    const faults = describeFaults(catalog);
    this.problem = isIntact ? undefined : new IntegrityError(faults);
    this.report(faults, since);
    if (replaced.length > 0 || (wasIntact && !isIntact)) {
      this.epoch += 1;
      this.onNewEpoch();
    }
  }

  private report(faults: string, since: string): void {
    const { problems } = this.repair;
    const effect =
      this.problem === undefined
        ? 'queries are slow until it is built'
        : `writes are refused until this is repaired, and those acknowledged since ${since} may be lost or stored twice`;
    const repair = problems.length === 0 ? 'trying to repair it' : problems.join('; ');
    const line = faults === '' ? '' : `${faults}: ${effect}; ${repair}`;
    if (line === this.reported) return;
    this.reported = line;
    if (line !== '') {
      this.logger.warn(line);
      return;
    }
    this.repair.problems = [];
    this.logger.info('MongoDB has all collections and indexes again: accepting writes');
  }
}
