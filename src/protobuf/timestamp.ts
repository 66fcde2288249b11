import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { type BinaryWriter } from '@bufbuild/protobuf/wire';
import { nanosAfterMs, PreciseDate } from '../core/precise-date';

/** The field of a message. Whatever is no valid Timestamp is decoded as an invalid Date. */
export type Timestamp = Date;

/** The seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z. */
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;

const SECONDS_TAG = 0x08;
const NANOS_TAG = 0x10;

/** Stands in for ts-proto's codec of google.protobuf.Timestamp in the generated code: directly between bytes and Dates, exactly. */
export const Timestamp = {
  encode(time: Date, writer: BinaryWriter): BinaryWriter {
    const ms = time.getTime();
    const seconds = Math.floor(ms / 1000);
    const nanos = (ms - seconds * 1000) * 1_000_000 + nanosAfterMs(time);
    if (seconds !== 0) writer.uint32(SECONDS_TAG).int64(seconds);
    if (nanos !== 0) writer.uint32(NANOS_TAG).int32(nanos);
    return writer;
  },

  decode(reader: BinaryReader, length: number): Date {
    const end = reader.pos + length;
    let [seconds, nanos] = [0, 0];
    while (reader.pos < end) {
      const [field, wireType] = reader.tag();
      const tag = (field << 3) | wireType;
      if (tag === SECONDS_TAG) seconds = Number(reader.int64());
      else if (tag === NANOS_TAG) nanos = reader.int32();
      else reader.skip(wireType, field);
    }
    if (reader.pos !== end) throw new RangeError('a length exceeds the enclosing message');
    return toDate(seconds, nanos);
  },
};

function toDate(seconds: number, nanos: number): Date {
  const isValid = seconds >= MIN_SECONDS && seconds <= MAX_SECONDS && nanos >= 0 && nanos < 1_000_000_000;
  if (!isValid) return new Date(NaN);
  const nanosAfter = nanos % 1_000_000;
  const ms = seconds * 1000 + (nanos - nanosAfter) / 1_000_000;
  return nanosAfter === 0 ? new Date(ms) : new PreciseDate(ms, nanosAfter);
}
