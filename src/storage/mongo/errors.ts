import { mongo } from 'mongoose';
import { ConversationError, internalError, storageFull, storeUnavailable } from '../../core/errors';
import { QueryTimeoutError } from './query-timeout';

/** Error codes; see https://www.mongodb.com/docs/manual/reference/error-codes/. */
const BAD_VALUE = 2;
const DUPLICATE_KEY = 11000;
const OUT_OF_DISK_SPACE = 14031;
const UNAUTHORIZED = [13, 18, 8000];
const INDEX_CONFLICT = [85, 86, DUPLICATE_KEY];
/**
 * The server timed out, is stepping down or shutting down, or is not the primary: a retry may reach one that is.
 * Or the database, the collection or an index was dropped meanwhile (175, 215, 51183, 51190).
 */
const TRANSIENT_CODES = new Set([
  6, 7, 50, 64, 89, 91, 112, 134, 175, 189, 215, 262, 358, 9001, 10107, 11600, 11602, 13435, 13436, 51183,
  51190,
]);

export function isDuplicateKey(error: unknown): error is mongo.MongoServerError {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/** Authentication failed, or the user lacks a permission that the service needs. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && UNAUTHORIZED.includes(Number(error.code));
}

/** An index cannot be created: one with its name or its fields exists, or documents violate its uniqueness. */
export function isIndexConflict(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && INDEX_CONFLICT.includes(Number(error.code));
}

/** A query named an index as hint that does not exist: `Integrity` soon knows that, and gives no such hint. */
function isMissingHint(error: mongo.MongoServerError): boolean {
  return Number(error.code) === BAD_VALUE && error.message.includes('hint provided does not correspond');
}

/** The driver found no server within its own timeout: retrying at once does not help. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof mongo.MongoServerSelectionError || error instanceof mongo.MongoTopologyClosedError;
}

/** A retry may succeed. The outcome of a write is unknown. */
export function isTransient(error: unknown): boolean {
  if (error instanceof QueryTimeoutError) return true;
  if (error instanceof mongo.MongoWriteConcernError) return true;
  if (error instanceof mongo.MongoBulkWriteError) return Number(error.code) !== OUT_OF_DISK_SPACE;
  if (error instanceof mongo.MongoServerError)
    return TRANSIENT_CODES.has(Number(error.code)) || isMissingHint(error);
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoClientClosedError ||
    (error instanceof mongo.MongoDriverError && error.name === 'MongoWaitQueueTimeoutError')
  );
}

/** Maps an error of the driver to the error that the caller gets. */
export function toConversationError(error: unknown): ConversationError {
  if (error instanceof ConversationError) return error;
  if (error instanceof mongo.MongoServerError && Number(error.code) === OUT_OF_DISK_SPACE)
    return storageFull(error);
  return isTransient(error) ? storeUnavailable(error) : internalError(error);
}
