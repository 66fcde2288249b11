import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadFileDescriptorSetFromBuffer, type MessageTypeDefinition } from '@grpc/proto-loader';
import * as messages from '../../generated/conversation/v1/session_service';
import { messageFieldsOf } from '../../src/grpc/messages/request-fields';
import { packageRoot } from '../../src/package-root';
import type { MessageFields } from '../../src/protobuf/merge-fields';

/** A field in a proto file, as far as it is of interest here. */
interface Field {
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

/** Messages that our own codecs decode. */
const OWN_CODECS = ['google.protobuf.Struct', 'google.protobuf.Timestamp'];

const definitions = loadFileDescriptorSetFromBuffer(
  readFileSync(join(packageRoot(), 'generated', 'descriptor_set.binpb')),
);

function fieldsOf(name: string): Field[] {
  const { type } = definitions[name] as MessageTypeDefinition<object, object>;
  return (type as { readonly field: Field[] }).field;
}

/** What the table must contain for a message. */
function expectedFields(name: string): MessageFields {
  const entries = fieldsOf(name)
    .filter(({ type }) => type === 'TYPE_MESSAGE')
    .map(({ number, label, typeName }) => {
      const repeated = label === 'LABEL_REPEATED' ? { repeated: true } : {};
      // The loader shortens names of the same package.
      const inner = typeName.includes('.') ? typeName : `conversation.v1.${typeName}`;
      return [number, OWN_CODECS.includes(inner) ? repeated : { ...repeated, fields: expectedFields(inner) }];
    });
  return Object.fromEntries(entries) as MessageFields;
}

const requests = Object.keys(messages).filter((name) => name.endsWith('Request'));

test.each(requests)('the fields of %s are those of the proto files, with numbers up to 31', (name) => {
  const request = messages[name as keyof typeof messages];
  const expected = expectedFields(`conversation.v1.${name}`);
  expect(messageFieldsOf(request)).toEqual(expected);
  expect(Object.keys(expected).every((number) => Number(number) < 32)).toBe(true);
});

test('there are requests, and some contain messages', () => {
  expect(requests.length).toBeGreaterThan(10);
  expect(Object.keys(expectedFields('conversation.v1.UpdateSessionRequest'))).toEqual(['1', '2']);
});
