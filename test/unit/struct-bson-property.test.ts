import assert from 'node:assert/strict';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { mongo } from 'mongoose';
import { isCanonicalStruct } from '../../src/core/struct/canonical-struct';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { structFromBson } from '../../src/storage/mongo/documents/struct-bson/bson-to-struct';
import {
  EMPTY_DOCUMENT_BYTES,
  MAXIMUM_GROWTH,
} from '../../src/storage/mongo/documents/struct-bson/struct-to-bson';
import { structToMap } from '../../src/storage/mongo/documents/struct-bson/struct-to-map';
import { canonical } from '../support/nasty-json';
import { encodeEntries, type Entries, objectOf, RandomStruct } from '../support/random-struct';
import { readBson } from '../support/read-bson';
import { structToBson } from '../support/struct-to-bson';

/** One seed per value: `new RandomStruct(seed)` generates the counterexample again. */
function forRandomStructs(count: number, check: (entries: Entries) => void): void {
  const property = fc.property(fc.integer(), (seed) => check(new RandomStruct(seed).object()));
  fc.assert(property, { numRuns: count });
}

// The assertions are Node's: those of Jest take 0.1 ms each.
const isSame = (found: unknown, expected: unknown): void =>
  assert.equal(canonical(found), canonical(expected));
const isTrue = (condition: boolean, message: string): void => assert.equal(condition, true, message);

test('BSON contains what the Struct contains, and converts back to the same bytes', () => {
  forRandomStructs(20_000, (entries) => {
    const bytes = encodeEntries(entries);
    isTrue(isCanonicalStruct(bytes), 'the generated Struct is canonical');
    const object = objectOf(entries);
    const bson = structToBson(bytes);
    isSame(readBson(bson), object);
    isTrue(
      bson.length <= MAXIMUM_GROWTH * bytes.length + EMPTY_DOCUMENT_BYTES,
      'the size is within the limit',
    );

    const back = structFromBson(bson);
    isTrue(isCanonicalStruct(back), 'the Struct from BSON is canonical');
    const decoded = StructBytes.of(new StructBytes(bytes).toJson()).bytes;
    const hasKeyTwice = decoded.length < bytes.length;
    isTrue(Buffer.compare(back, hasKeyTwice ? decoded : bytes) === 0, 'the bytes are the same');
    // Protobuf's own library; it loses `__proto__`.
    if (!JSON.stringify(object).includes('"__proto__"'))
      isSame(toJson(StructSchema, fromBinary(StructSchema, back)), object);
  });
});

test('the driver writes the same bytes from a map, and reads the same values', () => {
  forRandomStructs(3000, (entries) => {
    const bytes = encodeEntries(entries);
    const bson = structToBson(bytes);
    const map = structToMap(bytes);
    assert.equal(mongo.BSON.calculateObjectSize(map), bson.length);
    const serialized = mongo.BSON.serialize(map);
    isSame(readBson(serialized), objectOf(entries));
    // Objects of JavaScript list keys that are numbers first.
    const decoded = StructBytes.of(new StructBytes(bytes).toJson()).bytes;
    if (Buffer.compare(decoded, bytes) === 0) isTrue(bson.equals(serialized), 'the bytes are the same');
    // The driver turns objects with `$ref` and `$id` into a DBRef.
    if (!bson.includes('$ref')) isSame(mongo.BSON.deserialize(bson), objectOf(entries));
  });
});
