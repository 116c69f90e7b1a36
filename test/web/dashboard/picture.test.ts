// The picture of a layer from a checkpoint's tensors, against the tables of its making.

import { expect, it } from 'vitest';
import { encodeSafetensors, parseCheckpoint, tensorsOfWeight } from '../../../src/train/index.js';
import { pictureOf } from '../../../web/dashboard/picture.js';
import { blockCheckpoint } from '../../dashboard/support.js';

const { model } = parseCheckpoint(blockCheckpoint({}), 'test');
const file = (layer: string) => encodeSafetensors(tensorsOfWeight(model, layer), {});
const entry = (name: string, shape: number[]) => {
  return { name, shape, pattern: '', active: 0, size: shape.reduce((product, size) => product * size, 1) };
};

it('has every kept weight of blocks in its place, and says how they are dealt', () => {
  const { rows, columns, weights, blocks } = pictureOf(file('fc1'), entry('fc1', [8, 3, 2, 2]));
  expect([rows, columns, blocks?.blockSize]).toEqual([8, 12, 4]);
  // Group 0 holds rows 7 to 4 at columns 0, 2, 4, 6; group 1 rows 3 to 0 at columns 1, 3, 5, 7. Values count from 1, column by column.
  const expected = new Float32Array(96).fill(Number.NaN);
  for (let i = 0; i < 32; i++) {
    const [group, column, slot] = [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4];
    expected[(7 - 4 * group - slot) * 12 + 2 * column + group] = i + 1;
  }
  expect(weights).toEqual(expected);
});

it('has NaN where a mask prunes, and no blocks', () => {
  const picture = pictureOf(file('fc2'), entry('fc2', [2, 3]));
  expect([...picture.weights]).toEqual([1, NaN, NaN, NaN, 5, NaN]);
  expect(picture.blocks).toBeUndefined();
  expect([...pictureOf(file('fc3'), entry('fc3', [1, 2])).weights]).toEqual([1, 2]);
});

it('is none of bytes that are no such weight', () => {
  expect(() => pictureOf(file('fc2'), entry('fc2', [3, 2]))).toThrow(/fc2\.weight: expected a tensor \[3,2\]/);
  expect(() => pictureOf(file('fc1'), entry('fc1', [4, 4]))).toThrow(/fc1\.weight\.blocks/);
  expect(() => pictureOf(file('fc3'), entry('fc1', [8, 12]))).toThrow(/expected a tensor \[8,12\], got none/);
  expect(() => pictureOf(new Uint8Array(4), entry('fc1', [8, 12]))).toThrow(/expected at least 8 bytes/);
});
