import { mongo } from 'mongoose';
import { resultsOf } from '../../src/storage/mongo/append/insert-batch';
import { conflictsOf } from '../../src/storage/mongo/plain-writer';

const DUPLICATE_KEY = 11000;
const WRITE_CONCERN_TIMEOUT = 64;

/** Returns batches of these sizes. */
function batches(...sizes: number[]): unknown[][] {
  return sizes.map((size) => Array<unknown>(size).fill('document'));
}

const STORED = (stored: number) => ({ stored, conflict: false });
const CONFLICT = (stored: number) => ({ stored, conflict: true });

describe('the results of a write', () => {
  test.each([true, false])('all documents are stored without conflicts (ordered: %s)', (ordered) => {
    expect(resultsOf(batches(1, 3, 2), [], ordered)).toEqual([STORED(1), STORED(3), STORED(2)]);
  });

  test('an ordered write stores a prefix of the batch with the conflict, and nothing after it', () => {
    expect(resultsOf(batches(2, 4, 3, 1), [4], true)).toEqual([STORED(2), CONFLICT(2), STORED(0), STORED(0)]);
  });

  test('an ordered write stores all batches before a conflict of the next one', () => {
    expect(resultsOf(batches(2, 4, 1), [2], true)).toEqual([STORED(2), CONFLICT(0), STORED(0)]);
    expect(resultsOf(batches(2, 4), [5], true)).toEqual([STORED(2), CONFLICT(3)]);
  });

  test('a conflict in an unordered write does not affect other batches', () => {
    expect(resultsOf(batches(1, 1, 1, 1), [0, 2], false)).toEqual([
      CONFLICT(0),
      STORED(1),
      CONFLICT(0),
      STORED(1),
    ]);
  });

  test('a single insert is stored, or has a conflict', () => {
    expect(resultsOf(batches(1), [], true)).toEqual([STORED(1)]);
    expect(resultsOf(batches(1), [0], true)).toEqual([CONFLICT(0)]);
  });
});

/** Classes that the driver does not export. */
interface DriverClasses {
  readonly WriteError: new (error: WriteErrorFields) => mongo.WriteError;
  readonly WriteConcernError: new (error: {
    readonly code: number;
    readonly errmsg: string;
  }) => mongo.WriteConcernError;
  readonly BulkWriteResult: new (
    result: {
      readonly upserted: readonly unknown[];
      readonly insertedIds: readonly unknown[];
      readonly writeErrors: readonly mongo.WriteError[];
      readonly writeConcernErrors: readonly mongo.WriteConcernError[];
    },
    ordered: boolean,
  ) => mongo.BulkWriteResult;
}

interface WriteErrorFields {
  readonly index: number;
  readonly code: number;
}

const { WriteError, WriteConcernError, BulkWriteResult } =
  jest.requireActual<DriverClasses>('mongodb/lib/bulk/common');

/** The error of a bulk write, as the driver throws it. */
function bulkWriteError(
  code: number,
  failed: readonly WriteErrorFields[],
  writeConcernErrorCode?: number,
): mongo.MongoBulkWriteError {
  const writeErrors = failed.map((error) => new WriteError(error));
  const writeConcernErrors =
    writeConcernErrorCode === undefined
      ? []
      : [new WriteConcernError({ code: writeConcernErrorCode, errmsg: 'timed out' })];
  const result = new BulkWriteResult(
    { upserted: [], insertedIds: [], writeErrors, writeConcernErrors },
    true,
  );
  return new mongo.MongoBulkWriteError({ message: 'failed', code, writeErrors }, result);
}

/** Returns what `conflictsOf` throws; if the outcome is unknown, this is the error itself. */
function thrownFor(error: unknown): unknown {
  try {
    return conflictsOf(error);
  } catch (thrown) {
    return thrown;
  }
}

describe('the conflicts of a failed write', () => {
  test('a duplicate key of a single insert is the conflict of its only document', () => {
    expect(conflictsOf(new mongo.MongoServerError({ message: 'E11000', code: DUPLICATE_KEY }))).toEqual([0]);
  });

  test('duplicate keys of a bulk write are conflicts at their indexes', () => {
    const failed = [
      { index: 1, code: DUPLICATE_KEY },
      { index: 4, code: DUPLICATE_KEY },
    ];
    expect(conflictsOf(bulkWriteError(DUPLICATE_KEY, failed))).toEqual([1, 4]);
  });

  test('one write error that is not in a list is a conflict at its index', () => {
    const error = bulkWriteError(DUPLICATE_KEY, []);
    error.writeErrors = new WriteError({ index: 3, code: DUPLICATE_KEY });
    expect(conflictsOf(error)).toEqual([3]);
  });

  const duplicate = { index: 0, code: DUPLICATE_KEY };
  const fullDisk = { index: 1, code: 14031 };
  test.each<[string, unknown]>([
    ['a write concern error', bulkWriteError(WRITE_CONCERN_TIMEOUT, [], WRITE_CONCERN_TIMEOUT)],
    [
      'a duplicate key with a write concern error',
      bulkWriteError(DUPLICATE_KEY, [duplicate], WRITE_CONCERN_TIMEOUT),
    ],
    ['a duplicate key with no write errors listed', bulkWriteError(DUPLICATE_KEY, [])],
    [
      'a duplicate key together with another document error',
      bulkWriteError(DUPLICATE_KEY, [duplicate, fullDisk]),
    ],
    ['another document error', bulkWriteError(fullDisk.code, [fullDisk])],
    ['another server error', new mongo.MongoServerError({ message: 'not primary', code: 10107 })],
    ['a lost connection', new mongo.MongoNetworkError('closed')],
    ['an error of this process', new Error('other')],
  ])('%s leaves the outcome unknown', (_, error) => {
    expect(thrownFor(error)).toBe(error);
  });
});
