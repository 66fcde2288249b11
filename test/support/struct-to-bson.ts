import { BsonWriter, fieldName } from '../../src/storage/mongo/documents/struct-bson/bson-writer';

const writer = new BsonWriter();
const FIELD = fieldName('a');

/** Bytes before a field's value: length of the document, type and name. */
const FIELD_AT = 7;

/** Converts a Struct as a document's field, and returns the BSON of that field. */
export function structToBson(bytes: Uint8Array): Buffer {
  writer.clear();
  writer.startDocument();
  writer.struct(FIELD, bytes);
  writer.endDocument();
  return writer.take().subarray(FIELD_AT, -1);
}
