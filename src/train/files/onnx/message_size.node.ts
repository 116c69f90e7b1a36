// How much a protocol buffer holds, before anything is made of it: a message of two bytes becomes an object of hundreds.

import protobuf from 'protobufjs';

/** Of wire types, that of texts, bytes, messages and packed lists: a length, then as many bytes. */
const LENGTH_DELIMITED = 2;

/**
 * Fields in a message and in those below it, and numbers in packed lists (at most: one takes a byte or more).
 * @param type its fields must be resolved.
 * @throws Error if the bytes are no message.
 */
export function messageSize(bytes: Uint8Array, type: protobuf.Type): number {
  const reader = protobuf.Reader.create(bytes);
  return sizeUntil(bytes.length, reader, type);
}

function sizeUntil(end: number, reader: protobuf.Reader, type: protobuf.Type): number {
  let size = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    const field = type.fieldsById[tag >>> 3];
    size++;
    if (wireType !== LENGTH_DELIMITED || !field) {
      reader.skipType(wireType);
      continue;
    }
    const length = reader.uint32();
    if (field.resolvedType instanceof protobuf.Type) {
      size += sizeUntil(reader.pos + length, reader, field.resolvedType);
    } else {
      if (field.repeated && field.type in protobuf.types.packed) size += length;
      reader.skip(length);
    }
  }
  return size;
}
