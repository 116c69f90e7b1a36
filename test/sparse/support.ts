// What the tests of the sparse room share: random layers, random valid topologies, and a reader of the topology fixtures.

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { initialTopology, type ShuffledBlocks } from '../../src/sparse/index.js';
import type { Random } from '../../src/tensor/random.js';

/** rows*columns standard normal numbers. */
export function randomMatrix(random: Random, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, () => random.normal());
}

/** Weights with row and column structure, as training gives them: without it the original's drop rule drops nothing. */
export function structuredMatrix(random: Random, rows: number, columns: number): Float32Array {
  const rowScale = Array.from({ length: rows }, () => Math.exp(random.normal()));
  const columnScale = Array.from({ length: columns }, () => Math.exp(random.normal()));
  return Float32Array.from(
    { length: rows * columns },
    (_, i) => random.normal() * rowScale[Math.floor(i / columns)] * columnScale[i % columns],
  );
}

export interface RandomLayer {
  rows: number;
  columns: number;
  blockSize: number;
  sparsity: number;
}

/** Layers of odd and even sizes, among them fewer rows than a block and columns that leave a padded block. */
export function randomLayer(random: Random): RandomLayer {
  const blockSize = [4, 5, 8, 16][random.below(4)];
  return {
    rows: 1 + random.below(70),
    columns: blockSize + random.below(90),
    blockSize,
    sparsity: [0, 0.3, 0.5, 0.8, 0.9][random.below(5)],
  };
}

export function randomTopology(random: Random, layer: RandomLayer): ShuffledBlocks {
  return initialTopology(randomMatrix(random, layer.rows, layer.columns), layer);
}

/** A deep copy whose tables a test may damage. */
export function copyTables(blocks: ShuffledBlocks) {
  const { rows, columns, blockSize } = blocks;
  return {
    rows,
    columns,
    blockSize,
    groupRows: blocks.groupRows.slice(),
    groupStart: blocks.groupStart.slice(),
    blockColumns: blocks.blockColumns.slice(),
    values: blocks.values.slice(),
  };
}

export function norm(values: Float32Array, mask: Uint8Array): number {
  return Math.sqrt(values.reduce((sum, value, i) => (mask[i] ? sum + value * value : sum), 0));
}

export function count(mask: Uint8Array): number {
  return mask.reduce((sum, one) => sum + (one ? 1 : 0), 0);
}

/** The tensors of a safetensors file, F32 and BOOL ones only, and its metadata. */
export function readFixture(path: string) {
  const bytes = new Uint8Array(readFileSync(path));
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
  const tensors = new Map<string, Float32Array | Uint8Array>();
  for (const [name, entry] of Object.entries<{ dtype: string; data_offsets: [number, number] }>(header)) {
    if (name === '__metadata__') continue;
    const [start, end] = entry.data_offsets.map((offset) => offset + 8 + headerBytes);
    const data = bytes.slice(start, end);
    if (entry.dtype === 'F32') tensors.set(name, new Float32Array(data.buffer));
    if (entry.dtype === 'BOOL') tensors.set(name, data);
  }
  return {
    metadata: header.__metadata__ as Record<string, string>,
    floats: (name: string) => tensors.get(name) as Float32Array,
    mask: (name: string) => tensors.get(name) as Uint8Array,
  };
}

/** toEqual for large arrays: compares in a plain loop, and asks vitest only for the message when they differ. */
export function expectSame(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  let same = actual.length === expected.length;
  for (let i = 0; same && i < expected.length; i++) same = Object.is(actual[i], expected[i]);
  if (!same) expect(Array.from(actual)).toEqual(Array.from(expected));
}

/** `values` where `mask` is 1, 0 elsewhere. */
export function masked(values: Float32Array, mask: ArrayLike<number>): Float32Array {
  return values.map((value, i) => (mask[i] === 1 ? value : 0));
}
