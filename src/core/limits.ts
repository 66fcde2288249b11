const KIB = 1024;
const MIB = 1024 * KIB;

/** The limits that clients count on. Sizes are bytes of the protobuf encoding. */
export const LIMITS = {
  /** Bytes of a `session_id` or `event_id`. */
  idBytes: 256,
  /** Bytes of a `language`: RFC 5646 §4.4.1 lets an implementation bound it. */
  languageBytes: 256,
  /** Bytes of an event's `type`. */
  typeBytes: 128,
  /** Bytes of an `end_reason`. */
  endReasonBytes: 256,
  /** Bytes of an event's `payload`. */
  payloadBytes: MIB,
  /** Bytes of a session's `metadata`. */
  metadataBytes: 64 * KIB,
  /** Levels of objects and lists in a payload or metadata, the outermost as 1. */
  structLevels: 32,
  /** Events in a batch at most. */
  batchEvents: 1000,
  /** Bytes of a batch's events. */
  batchBytes: 3 * MIB,
  /** Events in a page when the request does not say. */
  defaultPageSize: 50,
  /** Events of the log that a page with a filter by type looks at, about. */
  maxScannedEvents: 5000,
  /** Types in a filter. */
  maxFilterTypes: 100,
  /** Events in a page at most. */
  maxPageSize: 1000,
  /** Bytes of a page's events, so that it fits a client's 4 MiB. */
  pageBytes: 3 * MIB,
  /** Bytes of a received message. */
  messageBytes: 4 * MIB,
  /** Violations that an error lists. */
  maxViolations: 20,
  /** Bytes of an error's message. */
  errorMessageBytes: 1000,
} as const;

/** Whether a number can be a sequence, an offset or a count: whole, exact, 0 or more. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
