import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { packageRoot } from '../package-root';

/** Adds server reflection v1 and v1alpha, so that tools need no proto file. */
export function addReflection(server: Server): void {
  const descriptorSet = readFileSync(join(packageRoot(), 'generated', 'descriptor_set.binpb'));
  const definition: PackageDefinition = {
    // The files as buf wrote them: proto-loader re-encodes them, and loses their imports and map entries.
    files: {
      format: 'Protocol Buffer 3 EnumDescriptorProto',
      type: {},
      fileDescriptorProtos: splitDescriptorSet(descriptorSet),
    },
  };
  new ReflectionService(definition).addToServer(server);
}

/** Splits a google.protobuf.FileDescriptorSet, whose one field is `repeated FileDescriptorProto file = 1`, into its encoded files. */
function splitDescriptorSet(descriptorSet: Uint8Array): Buffer[] {
  const reader = new BinaryReader(descriptorSet);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType, field);
  }
  return files;
}
