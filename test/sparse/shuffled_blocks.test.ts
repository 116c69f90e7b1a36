// The container: masks and dense weights in and out, without loss or with a reason.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { ShuffledBlocks } from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/random.js';
import { count, expectSame, masked, randomLayer, randomMatrix, randomTopology } from './support.js';

/** A mask in rows of text: `#` is active. */
function maskOf(...lines: string[]): Uint8Array {
  return Uint8Array.from(lines.join(''), (letter) => (letter === '#' ? 1 : 0));
}

describe('fromMask and toMask', () => {
  it('put rows of identical support together', () => {
    const mask = maskOf('####....', '....####', '####....', '####....', '....####', '....####', '####....', '....####');
    const blocks = ShuffledBlocks.fromMask(mask, 8, 8, 4).validate();
    expect(Array.from(blocks.groupRows)).toEqual([0, 2, 3, 6, 1, 4, 5, 7]);
    expect(Array.from(blocks.groupStart)).toEqual([0, 1, 2]);
    expect(Array.from(blocks.blockColumns)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(blocks.values).toEqual(new Float32Array(32));
    expect(blocks.toMask()).toEqual(mask);
  });

  it('pad columns and rows that do not fill a block, the short group last', () => {
    const mask = maskOf('#####', '####.', '####.', '####.', '####.');
    const blocks = ShuffledBlocks.fromMask(mask, 5, 5, 4).validate();
    expect(Array.from(blocks.groupRows)).toEqual([1, 2, 3, 4, 0, 0xffffffff, 0xffffffff, 0xffffffff]);
    expect(Array.from(blocks.groupStart)).toEqual([0, 1, 3]);
    expect(blocks.numNonzero).toBe(21);
    expect(blocks.toMask()).toEqual(mask);
  });

  it('keep rows without any weight in groups without blocks', () => {
    const blocks = ShuffledBlocks.fromMask(new Uint8Array(6 * 9), 6, 9, 4).validate();
    expect([blocks.numBlocks, blocks.numGroups, blocks.density, blocks.emptyRows]).toEqual([0, 2, 0, 6]);
    const half = ShuffledBlocks.fromMask(maskOf('....', '####', '....', '####', '####', '####', '....'), 7, 4, 4);
    expect(half.emptyRows).toBe(3);
    expect(blocks.toDense()).toEqual(new Float32Array(54));
  });

  it('return the mask and the weights of 200 random topologies', () => {
    const random = new Random(1);
    for (let i = 0; i < 200; i++) {
      const layer = randomLayer(random);
      const { rows, columns, blockSize } = layer;
      const mask = randomTopology(random, layer).toMask();
      const weight = randomMatrix(random, rows, columns);
      const blocks = ShuffledBlocks.fromMask(mask, rows, columns, blockSize, weight).validate();
      expectSame(blocks.toMask(), mask);
      expectSame(blocks.toDense(), masked(weight, mask));
      expect(blocks.numNonzero).toBe(count(mask));
    }
  });

  it('refuse a support that fills no whole blocks', () => {
    const mask = maskOf('####....', '####....', '####....', '#####...');
    expect(() => ShuffledBlocks.fromMask(mask, 4, 8, 4)).toThrow(
      new InputError(
        'ShuffledBlocks.fromMask: expected every row to keep a multiple of 4 of the 8 columns, got 5 in row 3: the mask is not shuffled-block',
      ),
    );
  });

  it('refuse rows that fill no whole groups', () => {
    const mask = maskOf('####....', '....####', '....####', '####....');
    expect(() => ShuffledBlocks.fromMask(mask, 4, 8, 4)).toThrow(
      new InputError(
        'ShuffledBlocks.fromMask: expected rows of identical support in groups of 4, got 2 left over with the support of row 0: the mask is not shuffled-block',
      ),
    );
    const padded = maskOf('####....', '....####', '....####', '####....', '####....', '####....');
    expect(ShuffledBlocks.fromMask(padded, 6, 8, 4).numBlocks).toBe(2);
    padded.fill(0, 8, 16);
    expect(() => ShuffledBlocks.fromMask(padded, 6, 8, 4)).toThrow(
      'expected rows of identical support in groups of 4 and one of 2, got 1 left over with the support of row 1',
    );
  });

  it.each([
    [0, 'expected blockSize an integer >= 4, got 0'],
    [-4, 'expected blockSize an integer >= 4, got -4'],
    [4.5, 'expected blockSize an integer >= 4, got 4.5'],
    [16, "expected blockSize at most the layer's 8 columns, got 16 (layer [4, 8])"],
  ])('refuse block size %d', (blockSize, message) => {
    expect(() => ShuffledBlocks.fromMask(new Uint8Array(32), 4, 8, blockSize)).toThrow(
      new InputError(`ShuffledBlocks.fromMask: ${message}`),
    );
  });

  it('refuse a mask of another length', () => {
    expect(() => ShuffledBlocks.fromMask(new Uint8Array(31), 4, 8, 4)).toThrow(
      new InputError('ShuffledBlocks.fromMask: expected mask of length 32, got 31'),
    );
  });
});

describe('fromDense, toDense and withValues', () => {
  const blocks = ShuffledBlocks.fromMask(maskOf('.####', '.####', '.####'), 3, 5, 4);

  it('lay the weights of one column together', () => {
    const weight = Float32Array.from({ length: 15 }, (_, i) => i);
    const filled = blocks.fromDense(weight).validate();
    const columns = [1, 2, 3, 4].flatMap((column) => [column, 5 + column, 10 + column, 0]);
    expect(Array.from(filled.values)).toEqual(columns);
    expect(Array.from(filled.toDense())).toEqual([0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14]);
  });

  it('share the tables, and leave the values of the original alone', () => {
    const filled = blocks.withValues(new Float32Array(16).fill(2));
    expect(filled.blockColumns).toBe(blocks.blockColumns);
    expect(blocks.values).toEqual(new Float32Array(16));
  });

  it('refuse another length', () => {
    expect(() => blocks.fromDense(new Float32Array(14))).toThrow(
      new InputError('ShuffledBlocks.fromDense: expected weight of length 15, got 14'),
    );
    expect(() => blocks.withValues(new Float32Array(15))).toThrow(
      new InputError('ShuffledBlocks.withValues: expected values of length 16, got 15'),
    );
  });
});
