import { mongo } from 'mongoose';
import { ConversationError, internalError, storageFull, storeUnavailable } from '../../core/errors';
import { QueryTimeoutError } from './query-timeout';

/** Error codes; see https://www.mongodb.com/docs/manual/reference/error-codes/. */
const BAD_VALUE = 2;
export const DUPLICATE_KEY = 11000;
const OUT_OF_DISK_SPACE = 14031;
const UNAUTHORIZED = [13, 18, 8000];
const INDEX_CONFLICT = [85, 86, DUPLICATE_KEY];
/** Labels with which the server or the driver says that a retry may succeed. */
const TRANSIENT_LABELS = [
  'RetryableWriteError',
  'RetryableError',
  'PoolRequestedRetry',
  'ResumableChangeStreamError',
  'TransientTransactionError',
];

/** Errors after which a retry may succeed although the server labels none of them, or not those of reads. */
const TRANSIENT_CODES = new Set([
  // It cannot reach another server, or ran out of time.
  ...[6, 7, 50, 64, 89, 202, 262, 9001],
  // It is not the primary, is shutting down, or, as a router, knows no primary.
  ...[91, 133, 189, 10107, 11600, 11602, 13435, 13436],
  // The command was interrupted, lost its cursor or met a conflict.
  ...[24, 43, 112, 175, 237, 355, 358, 365, 11601],
  // The snapshot, or the majority's, is not available.
  ...[134, 239, 246, 250, 272],
  // The router's view of the shards is outdated.
  ...[150, 249, 13388],
  // The database, the collection or an index was dropped meanwhile.
  ...[215, 51183, 51190],
]);

/** Errors of the driver, with no label, for which another connection or server may be the remedy. */
const TRANSIENT_NAMES = new Set([
  'MongoClientClosedError',
  'MongoNotConnectedError',
  'MongoPoolClosedError',
  'MongoServerClosedError',
  'MongoServerSelectionError',
  'MongoTopologyClosedError',
  'MongoWaitQueueTimeoutError',
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

/** An error of a socket that the driver passes on as it is, for example `write ECONNRESET`. */
function isSocketError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return 'syscall' in error || /^ERR_(STREAM|SOCKET|SSL|TLS)_/.test(error.code);
}

function isTransientServerError(error: mongo.MongoServerError): boolean {
  if (error instanceof mongo.MongoWriteConcernError) return true;
  if (error instanceof mongo.MongoBulkWriteError) return Number(error.code) !== OUT_OF_DISK_SPACE;
  return TRANSIENT_CODES.has(Number(error.code)) || isMissingHint(error);
}

/** A retry may succeed. The outcome of a write is unknown. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof mongo.MongoError)) return error instanceof QueryTimeoutError || isSocketError(error);
  if (TRANSIENT_LABELS.some((label) => error.hasErrorLabel(label))) return true;
  if (error instanceof mongo.MongoServerError) return isTransientServerError(error);
  return error instanceof mongo.MongoNetworkError || TRANSIENT_NAMES.has(error.name);
}

/** Maps an error of the driver to the error that the caller gets. */
export function toConversationError(error: unknown): ConversationError {
  if (error instanceof ConversationError) return error;
  if (error instanceof mongo.MongoServerError && Number(error.code) === OUT_OF_DISK_SPACE)
    return storageFull(error);
  return isTransient(error) ? storeUnavailable(error) : internalError(error);
}
