// Where weights are drawn: in shuffled order every block is a solid square, and no weight is lost.

import { describe, expect, it } from 'vitest';
import { initialTopology } from '../../src/sparse/index.js';
import { Random } from '../../src/tensor/index.js';
import type { Picture } from '../../web/messages.js';
import { naturalOrder, shuffledOrder } from '../../web/page/arrangement.js';
import { changePixels, weightPixels } from '../../web/page/block_picture.js';

function pictureOf(rows: number, columns: number, blockSize: number): Required<Picture> {
  const random = new Random(5);
  const dense = Float32Array.from({ length: rows * columns }, () => random.normal());
  const blocks = initialTopology(dense, { rows, columns, blockSize, sparsity: 0.8 });
  const mask = blocks.toMask();
  const weights = dense.map((value, i) => (mask[i] === 1 ? value : Number.NaN));
  return { layer: 'fc', rows, columns, weights, blocks };
}

describe.each([
  [32, 40, 8],
  [19, 37, 4],
  [10, 64, 16],
])('%i x %i in blocks of %i', (rows, columns, blockSize) => {
  const picture = pictureOf(rows, columns, blockSize);

  it('gives every weight a place of its own, in both orders', () => {
    for (const { places } of [naturalOrder(picture), shuffledOrder(picture, picture.blocks)]) {
      expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: rows * columns }, (_, i) => i));
    }
  });

  it('moves what a group keeps to its left, without a gap, in its rows', () => {
    const { places, groups } = shuffledOrder(picture, picture.blocks);
    const isKept = new Uint8Array(rows * columns);
    picture.weights.forEach((weight, i) => {
      if (!Number.isNaN(weight)) isKept[places[i]] = 1;
    });
    const expected = new Uint8Array(rows * columns);
    for (const { firstRow, rows: tall, keptColumns } of groups) {
      for (let y = firstRow; y < firstRow + tall; y++) expected.fill(1, y * columns, y * columns + keptColumns);
    }
    expect(isKept).toEqual(expected);
    expect(groups.reduce((sum, group) => sum + group.rows, 0)).toBe(rows);
  });
});

describe('pixels', () => {
  const picture = (weights: number[]): Picture => ({
    layer: 'fc',
    rows: 2,
    columns: 2,
    weights: new Float32Array(weights),
  });
  const places = Uint32Array.of(3, 2, 1, 0);

  it('are transparent where pruned, and the more opaque the larger the weight', () => {
    const pixels = weightPixels(picture([Number.NaN, 0, 0.5, -9]), places, [1, 2, 3]);
    const opacities = [0, 1, 2, 3].map((pixel) => pixels[4 * pixel + 3]);
    expect(opacities[3]).toBe(0);
    expect(opacities[2]).toBeGreaterThan(0);
    expect(opacities[1]).toBeGreaterThan(opacities[2]);
    expect(opacities[0]).toBeGreaterThan(200);
    expect([...pixels.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it('show what was dropped and what has grown, a grown weight of 0 too', () => {
    const before = picture([1, Number.NaN, 3, Number.NaN]);
    const after = picture([Number.NaN, 0, 2, Number.NaN]);
    const { pixels, change } = changePixels(before, after, places, { dropped: [9, 0, 0], grown: [0, 9, 0] });
    expect(change).toEqual({ dropped: 1, grown: 1 });
    expect([...pixels]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 255, 9, 0, 0, 255]);
  });
});
