import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { packageRoot } from '../package-root';

/** Server reflection v1 and v1alpha of everything served here, so that tools need no proto file. */
export function addReflection(server: Server): void {
  const descriptorSet = readFileSync(join(packageRoot(), 'generated', 'descriptor_set.binpb'));
  const definition: PackageDefinition = {
    // The files go in as buf wrote them: proto-loader writes them anew, and loses their imports and map entries.
    files: {
      format: 'Protocol Buffer 3 EnumDescriptorProto',
      type: {},
      fileDescriptorProtos: splitDescriptorSet(descriptorSet),
    },
  };
  new ReflectionService(definition).addToServer(server);
}

/** The encoded files of a google.protobuf.FileDescriptorSet, whose one field is `repeated FileDescriptorProto file = 1`. */
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
