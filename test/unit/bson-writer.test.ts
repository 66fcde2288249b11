import { mongo } from 'mongoose';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { BsonWriter, fieldName } from '../../src/storage/mongo/documents/struct-bson/bson-writer';
import { structToMap } from '../../src/storage/mongo/documents/struct-bson/struct-to-map';

const ID = fieldName('_id');
const TEXT = fieldName('text');
const NUMBER = fieldName('number');
const DATE = fieldName('date');
const PAYLOAD = fieldName('payload');

const id = new mongo.ObjectId();
const payload = StructBytes.of({ text: 'Hello?', words: [{ offsetMs: 0 }] }).bytes;

function write(fields: (writer: BsonWriter) => void, writer = new BsonWriter()): Buffer {
  writer.startDocument();
  fields(writer);
  writer.endDocument();
  return writer.take();
}

test('a document is the one that the driver writes', () => {
  const written = write((writer) => {
    writer.objectId(ID, id.id);
    writer.string(TEXT, 'call-1');
    writer.integer(NUMBER, 7);
    writer.struct(PAYLOAD, payload);
    writer.date(DATE, 1_764_000_000_123);
  });
  const document = {
    _id: id,
    text: 'call-1',
    number: 7,
    payload: structToMap(payload),
    date: new Date(1_764_000_000_123),
  };
  expect(written).toEqual(Buffer.from(mongo.BSON.serialize(document)));
});

test.each([
  ['', 'a', 'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(200_000)],
  ['é', 'xé', `${'x'.repeat(63)}€`, '\u{1f4de}'.repeat(21_000), 'a\0b', '\u0080', '\u007f'],
])('texts are written as the driver writes them', (...texts) => {
  for (const text of texts)
    expect(write((writer) => writer.string(TEXT, text)).equals(mongo.BSON.serialize({ text }))).toBe(true);
});

test.each([0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, 1.5])(
  'the number %d is written as the driver writes it',
  (number) => {
    const written = write((writer) => writer.integer(NUMBER, number));
    expect(written).toEqual(Buffer.from(mongo.BSON.serialize({ number })));
  },
);

test.each([0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, 8.64e15, -8.64e15])(
  'the date %d is written as the driver writes it',
  (time) => {
    const written = write((writer) => writer.date(DATE, time));
    expect(written).toEqual(Buffer.from(mongo.BSON.serialize({ date: new Date(time) })));
  },
);

test('documents follow each other, and their size is known before they are taken', () => {
  const writer = new BsonWriter();
  const sizes = [1, 2, 3].map((number) => {
    writer.startDocument();
    writer.integer(NUMBER, number);
    writer.endDocument();
    return writer.length;
  });
  const expected = [1, 2, 3].map((number) => Buffer.from(mongo.BSON.serialize({ number })));
  expect(sizes).toEqual([17, 34, 51]);
  expect(writer.take()).toEqual(Buffer.concat(expected));
  expect(writer.length).toBe(0);
});

test.each([10, 10_000, 3_000_000])('what was taken stays, whatever is written next: %i bytes', (length) => {
  const writer = new BsonWriter();
  const text = 'x'.repeat(length);
  const taken = write(() => writer.string(TEXT, text), writer);
  const next = write(() => writer.string(TEXT, 'y'.repeat(length)), writer);
  expect(mongo.BSON.deserialize(taken).text === text).toBe(true);
  expect(mongo.BSON.deserialize(next).text === 'y'.repeat(length)).toBe(true);
});

test('a failed document can be removed', () => {
  const writer = new BsonWriter();
  writer.startDocument();
  expect(() => writer.struct(PAYLOAD, Uint8Array.of(0x0a, 4, 0x0a, 0, 0x12, 0))).toThrow(TypeError);
  writer.clear();
  expect(mongo.BSON.deserialize(write(() => writer.integer(NUMBER, 1), writer))).toEqual({ number: 1 });
});
