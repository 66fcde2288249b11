import { mongo } from 'mongoose';
import { ConversationError, internalError, storageFull, storeUnavailable } from '../../core/errors';
import { QueryTimeoutError } from './query-timeout';

/** Codes of https://www.mongodb.com/docs/manual/reference/error-codes/ that matter here. */
const DUPLICATE_KEY = 11000;
const OUT_OF_DISK_SPACE = 14031;
const UNAUTHORIZED = [13, 18, 8000];
const INDEX_CONFLICT = [85, 86, DUPLICATE_KEY];
/** The server gave up, is stepping down or going away, or never was the primary: another try may find one that is. */
const TRANSIENT_CODES = new Set([
  6, 7, 50, 64, 89, 91, 112, 134, 189, 262, 358, 9001, 10107, 11600, 11602, 13435, 13436,
]);

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/** The credentials were refused, or do not allow what the service needs. */
export function isRefusal(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && UNAUTHORIZED.includes(Number(error.code));
}

/** The indexes cannot be made: others of their names or over their fields are there, or rows that break them. */
export function isIndexConflict(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && INDEX_CONFLICT.includes(Number(error.code));
}

/** No server to talk to was found in time: the driver has waited already. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof mongo.MongoServerSelectionError || error instanceof mongo.MongoTopologyClosedError;
}

/** An error that passes: the same again, a little later, may well do. The outcome of a write is not known. */
export function isTransient(error: unknown): boolean {
  if (error instanceof QueryTimeoutError) return true;
  if (error instanceof mongo.MongoWriteConcernError) return true;
  if (error instanceof mongo.MongoBulkWriteError) return Number(error.code) !== OUT_OF_DISK_SPACE;
  if (error instanceof mongo.MongoServerError) return TRANSIENT_CODES.has(Number(error.code));
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoClientClosedError ||
    (error instanceof mongo.MongoDriverError && error.name === 'MongoWaitQueueTimeoutError')
  );
}

/** What the caller is told of an error of the driver. */
export function toConversationError(error: unknown): ConversationError {
  if (error instanceof ConversationError) return error;
  if (error instanceof mongo.MongoServerError && Number(error.code) === OUT_OF_DISK_SPACE)
    return storageFull(error);
  return isTransient(error) ? storeUnavailable(error) : internalError(error);
}
