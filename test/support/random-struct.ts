import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { setKey } from '../../src/core/struct/json';
import {
  KEY_OF_ENTRY,
  STRUCT_ENTRY,
  VALUE_OF_ENTRY,
  VALUE_OF_LIST,
  VALUE_TAGS,
} from '../../src/core/struct/struct-codec';
import { type JsonObject, NASTY_KEYS } from './nasty-json';

/** Entries in place of an object: unlike an object, they can have a key twice. */
export interface Entries {
  readonly entries: readonly (readonly [key: string, value: Value])[];
}
export type Value = null | boolean | number | string | readonly Value[] | Entries;

/** Where lengths need another number of bytes, and where loops and native calls meet. */
const LENGTHS = [0, 1, 2, 23, 24, 25, 47, 48, 49, 63, 64, 65, 125, 126, 127, 128, 129, 250];
const RARE_LENGTHS = [16_375, 16_380, 16_383, 16_384, 16_385];
const CHARACTERS = ['a', 'B', '7', ' ', '\u0001', '\u007f', '\u00e9', '\u20ac', '\uffff', '\u{1f4de}'];
const NUMBERS = [
  ...[
    0,
    1,
    -1,
    0.1,
    127,
    128,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 53,
    -(2 ** 53),
    2 ** 64,
  ],
  ...[Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 5e-324, 1591056783191],
];

/** Generates Structs from a seed, with what a converter may get wrong. */
export class RandomStruct {
  constructor(private state: number) {}

  object(depth = this.depth()): Entries {
    const entries: [string, Value][] = [];
    const count = this.rarely(1000) ? 60 + this.below(80) : this.below(6);
    for (let i = 0; i < count; i += 1) {
      const repeats = entries.length > 0 && this.rarely(60);
      const key = repeats ? (entries[this.below(entries.length)]?.[0] ?? '') : this.key();
      entries.push([key, this.value(depth, i)]);
    }
    return { entries };
  }

  /** A few levels, and now and then as many as a Struct can have: the innermost can be empty. */
  private depth(): number {
    return this.rarely(100) ? 30 : this.below(5);
  }

  /** @param index only the first value of an object or list is nested deeply */
  private value(depth: number, index: number): Value {
    const inner = index === 0 ? depth - 1 : Math.min(depth - 1, 2);
    const isNested = depth > 0 && (depth > 5 ? index === 0 : this.rarely(3));
    if (isNested) return this.rarely(2) ? this.object(inner) : this.list(inner);
    switch (this.below(6)) {
      case 0:
        return null;
      case 1:
        return this.rarely(2);
      case 2:
        return this.number();
      case 3:
        return this.rarely(10) ? { entries: [] } : [];
      default:
        return this.text();
    }
  }

  private list(depth: number): Value[] {
    const isLong = this.rarely(2000);
    const count = isLong ? 1020 + this.below(10) : 1 + this.below(8);
    return Array.from({ length: count }, (_, i) => this.value(isLong ? 0 : depth, i));
  }

  private number(): number {
    if (this.rarely(3)) return this.pick(NUMBERS) ?? 0;
    if (this.rarely(2)) return this.below(100_000) - 50_000;
    const number = new Float64Array(Uint32Array.of(this.next(), this.next()).buffer)[0] ?? 0;
    // -0 is never stored.
    return Number.isFinite(number) ? number + 0 : 0;
  }

  private key(): string {
    if (this.rarely(2)) return this.pick(NASTY_KEYS) ?? '';
    return this.rarely(3) ? String(this.below(30)) : this.text().replaceAll('\0', '');
  }

  private text(): string {
    const length = this.rarely(2000) ? this.pick(RARE_LENGTHS) : this.pick(LENGTHS);
    const text = (this.rarely(4) ? this.pick(CHARACTERS) : 'x')?.repeat(length ?? 0) ?? '';
    return this.rarely(8) ? `${text}\0${this.pick(CHARACTERS) ?? ''}` : text;
  }

  private pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }

  private rarely(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  private below(limit: number): number {
    return this.next() % limit;
  }

  /** Mulberry32. */
  private next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return (bits ^ (bits >>> 14)) >>> 0;
  }
}

/** Encodes every entry, also those of a key that is there twice. */
export function encodeEntries({ entries }: Entries, writer = new BinaryWriter()): Uint8Array {
  writeEntries(entries, writer);
  return writer.finish();
}

function writeEntries(entries: Entries['entries'], writer: BinaryWriter): void {
  for (const [key, value] of entries) {
    writer.uint32(STRUCT_ENTRY).fork().uint32(KEY_OF_ENTRY).string(key).uint32(VALUE_OF_ENTRY);
    writeValue(value, writer);
    writer.join();
  }
}

function writeValue(value: Value, writer: BinaryWriter): void {
  writer.fork();
  if (value === null) writer.uint32(VALUE_TAGS.null).int32(0);
  else if (typeof value === 'boolean') writer.uint32(VALUE_TAGS.bool).bool(value);
  else if (typeof value === 'number') writer.uint32(VALUE_TAGS.number).double(value);
  else if (typeof value === 'string') writer.uint32(VALUE_TAGS.string).string(value);
  else if (isList(value)) {
    writer.uint32(VALUE_TAGS.list).fork();
    for (const item of value) writeValue(item, writer.uint32(VALUE_OF_LIST));
    writer.join();
  } else {
    writer.uint32(VALUE_TAGS.struct).fork();
    writeEntries(value.entries, writer);
    writer.join();
  }
  writer.join();
}

/** The object that the entries mean: of a key that is there twice, the last one counts. */
export function objectOf({ entries }: Entries): JsonObject {
  const object: JsonObject = {};
  for (const [key, value] of entries) setKey(object, key, jsonOf(value));
  return object;
}

function jsonOf(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? value.map(jsonOf) : objectOf(value);
}

function isList(value: readonly Value[] | Entries): value is readonly Value[] {
  return Array.isArray(value);
}
