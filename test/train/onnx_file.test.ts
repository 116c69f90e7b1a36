// ONNX files that hold far more than their size says: refused before anything is made of them.

import { expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { parseOnnx } from '../../src/train/index.node.js';

const VERSION = Uint8Array.of(8, 8);
/** Numbers of fields: of ModelProto, GraphProto and TensorProto. */
const [GRAPH, NODE, INITIALIZER, DIMS] = [7, 1, 5, 1];

/** A field with a length: a message, a text or a packed list. */
function field(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of((number << 3) | 2, ...varint(content.length)), content]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

const file = (graph: Uint8Array) => Buffer.concat([VERSION, field(GRAPH, graph)]);

it.each<[string, Uint8Array, string]>([
  [
    'a million empty nodes, of two bytes each',
    Buffer.concat(Array<Uint8Array>(1e6).fill(field(NODE, new Uint8Array(0)))),
    '1000002 fields, more than 262144',
  ],
  [
    'a million dimensions, of a byte each',
    field(INITIALIZER, field(DIMS, new Uint8Array(1e6))),
    '1000004 fields, more than 262144',
  ],
])('refuses %s', (_, graph, reason) => {
  const before = process.memoryUsage().rss;
  expect(() => parseOnnx(file(graph), 'a.onnx')).toThrow(
    new InputError(`a.onnx: expected an ONNX model, got a damaged one: ${reason}`),
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
});

it('shows names and shapes of tensors on one short line', () => {
  const name = Buffer.from(`two\nlines${'x'.repeat(1000)}`);
  const tensor = Buffer.concat([field(DIMS, new Uint8Array(1000).fill(1)), Uint8Array.of(0x10, 1), field(8, name)]);
  expect(() => parseOnnx(file(field(INITIALIZER, tensor)), 'a.onnx')).toThrow(
    /^a\.onnx: "two\\nlinesx+\.\.\.": expected 4 bytes of raw data for \[1,1,[1,]+\.\.\., got 0$/,
  );
});
