import { isCounter } from './check-row';
import { BSON } from './struct-bson/bson-types';
import { BsonToStruct, int32 } from './struct-bson/bson-to-struct';
import { damaged, NotStructError } from './struct-bson/not-struct-error';
import { valueSize } from './struct-bson/value-size';
import { varintSize } from './struct-bson/wire-sizes';
import { NOTHING } from './struct-bson/wire-writer';

/** The fields of an event's document, in the order in which this service writes them. */
const NAMES = ['_id', 'sessionId', 'eventId', 'sequence', 'type', 'payload', 'timestamp'] as const;
const NAME_BYTES = NAMES.map((name) => Buffer.from(`${name}\0`));
const [ID, SESSION_ID, EVENT_ID, SEQUENCE, TYPE, PAYLOAD, TIMESTAMP] = [0, 1, 2, 3, 4, 5, 6] as const;

/** Tags of the API's `Event` message, and of a Timestamp. */
const TAGS = { eventId: 0x0a, sessionId: 0x12, sequence: 0x18, type: 0x22, payload: 0x2a, timestamp: 0x32 };
const SECONDS_TAG = 0x08;
const NANOS_TAG = 0x10;

/** At least the bytes of a tag and a length, or of the numbers of a Timestamp. */
const FIELD_BYTES = 24;

/** The latest time of a Date; the earliest is its negative. */
const MAX_TIME_MS = 8.64e15;

/** An event's document as an `Event` message of the API. */
export interface EventMessageRow {
  /** Where the 12 bytes of the row's ID are in the row. */
  readonly rowIdAt: number;
  readonly sessionId: string;
  readonly sequence: number;
  readonly message: Uint8Array;
}

/**
 * Converts an event's document without JavaScript values in between: texts are UTF-8 in both forms.
 * Ignores fields that this service does not know.
 *
 * @throws NotStructError if a field is missing, or not what this service writes
 */
export function toEventMessage(row: Buffer): EventMessageRow {
  return converter.convertEvent(row);
}

class EventConverter extends BsonToStruct {
  /** Of each field, its type, and where its value begins; type 0 if the document lacks it. */
  private readonly types = new Uint8Array(NAMES.length);
  private readonly starts = new Int32Array(NAMES.length);
  private lastSessionId: { readonly bytes: Buffer; readonly text: string } | undefined;

  convertEvent(row: Buffer): EventMessageRow {
    this.source = row;
    this.at = 0;
    this.end = 0;
    try {
      this.locate(row.length);
      return this.writeEvent(row);
    } finally {
      this.source = NOTHING;
    }
  }

  private writeEvent(row: Buffer): EventMessageRow {
    const rowIdAt = this.startOf(ID, BSON.objectId);
    const sessionIdAt = this.startOf(SESSION_ID, BSON.string);
    const sequence = this.readSequence(row);
    this.writeText(TAGS.eventId, EVENT_ID);
    this.writeText(TAGS.sessionId, SESSION_ID);
    this.reserve(FIELD_BYTES);
    this.target[this.end++] = TAGS.sequence;
    this.writeNumber(sequence);
    this.writeText(TAGS.type, TYPE);
    this.writePayload();
    this.writeTimestamp(this.readTimestamp(row));
    return {
      rowIdAt,
      sessionId: this.sessionIdIn(row, sessionIdAt + 4, sessionIdAt + 3 + int32(row, sessionIdAt)),
      sequence,
      message: this.takeBytes(),
    };
  }

  /** Most rows have the session of the row before them. */
  private sessionIdIn(row: Buffer, start: number, end: number): string {
    const { lastSessionId: last } = this;
    if (last === undefined || row.compare(last.bytes, 0, last.bytes.length, start, end) !== 0) {
      const bytes = Buffer.from(row.subarray(start, end));
      this.lastSessionId = { bytes, text: bytes.toString() };
    }
    return this.lastSessionId?.text ?? '';
  }

  /** Finds the fields. They are in the usual order, unless another program wrote the document. */
  private locate(limit: number): void {
    const { source, types, starts } = this;
    types.fill(0);
    const last = this.startDocument(limit, 1);
    let next = 0;
    while (this.at < last) {
      const type = source[this.at++] ?? 0;
      const field = this.isNamed(next) ? next : NAMES.findIndex((_, index) => this.isNamed(index));
      if (field < 0) this.skipName(last);
      else this.at += NAME_BYTES[field]?.length ?? 0;
      const size = valueSize(source, this.at, type);
      if (this.at + size > last) throw damaged();
      if (field >= 0) {
        types[field] = type;
        starts[field] = this.at;
        next = field + 1;
      }
      this.at += size;
    }
  }

  private isNamed(field: number): boolean {
    const name = NAME_BYTES[field];
    if (name === undefined) return false;
    const { source, at } = this;
    for (let i = 0; i < name.length; i += 1) if (source[at + i] !== name[i]) return false;
    return true;
  }

  private startOf(field: number, type: number): number {
    if (this.types[field] !== type) throw invalidField(field);
    return this.starts[field] ?? 0;
  }

  /** Integers are int32 where they fit, and doubles otherwise, as the driver writes them; other programs write int64. */
  private readSequence(row: Buffer): number {
    const at = this.starts[SEQUENCE] ?? 0;
    const type = this.types[SEQUENCE];
    let sequence = NaN;
    if (type === BSON.int32) sequence = row.readInt32LE(at);
    else if (type === BSON.double) sequence = row.readDoubleLE(at);
    else if (type === BSON.int64) sequence = readInt64(row, at);
    if (!isCounter(sequence)) throw invalidField(SEQUENCE);
    return sequence;
  }

  private readTimestamp(row: Buffer): number {
    const time = readInt64(row, this.startOf(TIMESTAMP, BSON.date));
    if (Math.abs(time) > MAX_TIME_MS) throw invalidField(TIMESTAMP);
    return time;
  }

  private writeText(tag: number, field: number): void {
    this.at = this.startOf(field, BSON.string);
    const length = int32(this.source, this.at) - 1;
    if (length < 0) throw damaged();
    this.at += 4;
    this.reserve(FIELD_BYTES + length);
    this.target[this.end++] = tag;
    this.varint(length);
    this.text(length);
  }

  /** Writes the payload behind room for a length like that in BSON, which seldom needs another number of bytes. */
  private writePayload(): void {
    this.at = this.startOf(PAYLOAD, BSON.object);
    const limit = this.at + int32(this.source, this.at);
    const start = this.end + 1;
    const room = varintSize(limit - this.at);
    this.reserve(FIELD_BYTES);
    this.target[this.end] = TAGS.payload;
    this.end = start + room;
    this.payloadStruct(limit);
    const length = this.end - start - room;
    const needed = varintSize(length);
    this.reserve(FIELD_BYTES);
    if (needed !== room) this.target.copyWithin(start + needed, start + room, this.end);
    this.end = start;
    this.varint(length);
    this.end += length;
  }

  private payloadStruct(limit: number): void {
    try {
      this.struct(limit, 1);
    } catch (error) {
      if (!(error instanceof NotStructError)) throw error;
      throw new NotStructError(`its payload is not what this service writes: ${error.message}`);
    }
  }

  private writeTimestamp(time: number): void {
    this.reserve(FIELD_BYTES);
    this.target[this.end] = TAGS.timestamp;
    const start = this.end + 2;
    this.end = start;
    const seconds = Math.floor(time / 1000);
    const nanos = (time - seconds * 1000) * 1_000_000;
    if (seconds !== 0) {
      this.target[this.end++] = SECONDS_TAG;
      this.writeNumber(seconds);
    }
    if (nanos !== 0) {
      this.target[this.end++] = NANOS_TAG;
      this.writeNumber(nanos);
    }
    this.target[start - 1] = this.end - start;
  }

  /** Writes an int64 as a varint. */
  private writeNumber(value: number): void {
    if (value >= 0 && value < 2 ** 31) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.target[this.end++] = Number(rest & 0x7fn) | 0x80;
    this.target[this.end++] = Number(rest);
  }
}

const converter = new EventConverter();

function invalidField(field: number): NotStructError {
  return new NotStructError(`its ${NAMES[field] ?? 'field'} is missing, or not what this service writes`);
}

/** Reads an integer, exactly if it is a safe one. */
function readInt64(row: Buffer, at: number): number {
  return row.readInt32LE(at + 4) * 2 ** 32 + row.readUInt32LE(at);
}
