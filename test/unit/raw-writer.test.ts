import { mongo } from 'mongoose';
import { isTransient } from '../../src/storage/mongo/errors';
import { conflictsIn } from '../../src/storage/mongo/raw-writer';

const duplicate = (index: number) => ({ index, code: 11000, errmsg: `E11000 at ${index}` });
const fullDisk = (index: number) => ({ index, code: 14031, errmsg: 'no space left' });
const invalid = (index: number) => ({ index, code: 121, errmsg: 'the document is invalid' });
const timeout = { code: 64, errmsg: 'waiting for replication timed out', errInfo: { wtimeout: true } };

/** Returns the error that `conflictsIn` throws. */
function thrownFor(reply: Parameters<typeof conflictsIn>[0]): mongo.MongoServerError {
  try {
    conflictsIn(reply);
  } catch (error) {
    if (error instanceof mongo.MongoServerError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the conflicts in the reply to a write', () => {
  test('there are none without errors', () => {
    expect(conflictsIn({ n: 3 })).toEqual([]);
    expect(conflictsIn({ n: 3, writeErrors: [] })).toEqual([]);
  });

  test('duplicate keys are conflicts at their indexes', () => {
    expect(conflictsIn({ n: 1, writeErrors: [duplicate(1), duplicate(4)] })).toEqual([1, 4]);
  });

  test.each<[string, Parameters<typeof conflictsIn>[0], number]>([
    ['a write concern error', { n: 1, writeConcernError: timeout }, 64],
    [
      'a duplicate key with a write concern error',
      { writeErrors: [duplicate(0)], writeConcernError: timeout },
      64,
    ],
    ['another error before a duplicate key', { writeErrors: [invalid(0), duplicate(1)] }, 121],
    ['another error after a duplicate key', { writeErrors: [duplicate(0), invalid(1)] }, 121],
    ['a full disk', { writeErrors: [duplicate(0), fullDisk(1)] }, 14031],
    [
      'another error with a write concern error',
      { writeErrors: [invalid(0)], writeConcernError: timeout },
      121,
    ],
  ])('%s leaves the outcome unknown', (_, reply, code) => {
    const error = thrownFor(reply);
    expect(error.code).toBe(code);
    expect(error.message).not.toBe('undefined');
  });

  test('a write is tried again after any write concern error', () => {
    for (const code of [64, 79, 100, 91, 11600])
      expect(isTransient(thrownFor({ writeConcernError: { ...timeout, code } }))).toBe(true);
    expect(isTransient(thrownFor({ writeErrors: [fullDisk(0)] }))).toBe(false);
  });
});
