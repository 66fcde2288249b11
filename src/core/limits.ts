const KIB = 1024;
const MIB = 1024 * KIB;

/** The limits that clients rely on. Sizes are those of the protobuf encoding. */
export const LIMITS = {
  /** Bytes in a `session_id` or `event_id`. */
  idBytes: 256,
  /** Bytes in a `language`. RFC 5646 §4.4.1 permits a limit. */
  languageBytes: 256,
  /** Bytes in an event's `type`. */
  typeBytes: 128,
  /** Bytes in an `end_reason`. */
  endReasonBytes: 256,
  /** Bytes in an event's `payload`. */
  payloadBytes: 3 * MIB,
  /** Bytes in a session's `metadata`. */
  metadataBytes: 256 * KIB,
  /** Levels of objects and lists in a payload or metadata; the outermost is level 1. */
  structLevels: 32,
  /** Events in a batch. */
  batchEvents: 1000,
  /** Bytes in the events of a batch. */
  batchBytes: 3 * MIB,
  /** Items in a page if the request does not specify it. */
  defaultPageSize: 50,
  /** Approximate number of events that a page with a filter by type examines. */
  maxScannedEvents: 5000,
  /** Event types in a filter. */
  maxFilterTypes: 100,
  /** Items in a page. */
  maxPageSize: 1000,
  /** Bytes in a page, so that it fits the 4 MiB that clients accept. */
  pageBytes: 3 * MIB,
  /** Bytes in a received message. */
  messageBytes: 4 * MIB,
  /** Violations listed in an error. */
  maxViolations: 20,
  /** Bytes in an error message. */
  errorMessageBytes: 1000,
} as const;

/** Whether a number is a valid sequence, offset or count: an exact integer, 0 or more. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
