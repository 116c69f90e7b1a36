// Resizing against its formula in plain loops, and against what sharp gives with the same filter.
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { resizeImage, type Stretch, triangleTaps } from '../../src/data/images/resize.js';
import { randomBytes } from './support.js';

/** The weighted mean of all pixels that may be looked at, a pixel of the result after the other. */
function reference(pixels: Uint8Array, width: number, rows: Stretch, columns: Stretch, size: number): number[] {
  const triangle = ({ start, length }: Stretch, to: number, from: number) => {
    const scale = length / size;
    return Math.max(0, 1 - Math.abs(from + 0.5 - start - (to + 0.5) * scale) / Math.max(1, scale));
  };
  const result: number[] = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let weights = 0;
        for (let row = rows.first; row < rows.end; row++) {
          for (let column = columns.first; column < columns.end; column++) {
            const weight = triangle(rows, y, row) * triangle(columns, x, column);
            sum += weight * pixels[4 * (row * width + column) + channel];
            weights += weight;
          }
        }
        result.push(sum / weights);
      }
    }
  }
  return result;
}

function resize(pixels: Uint8Array, width: number, rows: Stretch, columns: Stretch, size: number): Uint8Array {
  return resizeImage(rows, columns, size, (top, height) => {
    const own = columns.end - columns.first;
    const strip = new Uint8Array(4 * own * height);
    for (let i = 0; i < height; i++) {
      const start = 4 * ((top + i) * width + columns.first);
      strip.set(pixels.subarray(start, start + 4 * own), 4 * own * i);
    }
    return strip;
  });
}

const all = (extent: number): Stretch => ({ start: 0, length: extent, first: 0, end: extent });

describe('resizeImage', () => {
  it.each([
    ['shrinks', 30, 40, all(30), all(40), 7],
    ['enlarges', 3, 4, all(3), all(4), 9],
    ['keeps', 8, 8, all(8), all(8), 8],
    ['takes one pixel', 1, 1, all(1), all(1), 5],
    ['takes more rows than a strip', 150, 2, all(150), all(2), 6],
    [
      'shows a part that lies between pixels',
      20,
      30,
      { ...all(20), start: 1.25, length: 17.5 },
      { ...all(30), start: 6.3, length: 17.5 },
      10,
    ],
    [
      'looks at nothing beside a part',
      20,
      30,
      { start: 4, length: 9, first: 4, end: 13 },
      { start: 7, length: 20, first: 7, end: 27 },
      6,
    ],
  ])('%s', (_, height, width, rows, columns, size) => {
    const pixels = randomBytes(4 * height * width, height + width);
    const expected = reference(pixels, width, rows, columns, size);
    const result = resize(pixels, width, rows, columns, size);
    expect(result).toHaveLength(expected.length);
    // Rounded once; a half may fall either way.
    expect(Math.max(...expected.map((value, i) => Math.abs(value - result[i])))).toBeLessThan(0.5 + 1e-9);
  });

  it.each([
    [375, 500, 224],
    [200, 300, 100],
    [300, 300, 32],
  ])('agrees with sharp from %i x %i to %i', async (height, width, size) => {
    // Smooth, as photographs are.
    const pixels = Uint8Array.from({ length: 4 * height * width }, (_, i) => {
      const [x, y] = [Math.floor(i / 4) % width, Math.floor(i / 4 / width)];
      return 127 + 60 * Math.sin(x / 9 + (i % 4)) + 60 * Math.cos(y / 7);
    });
    const colours = pixels.filter((_, i) => i % 4 < 3);
    const expected = await sharp(colours, { raw: { width, height, channels: 3 } })
      .resize(size, size, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer();
    const result = resize(pixels, width, all(height), all(width), size);
    const distances = Array.from(result, (byte, i) => Math.abs(byte - expected[i]));
    expect(distances.reduce((most, distance) => Math.max(most, distance), 0)).toBeLessThanOrEqual(8);
    expect(distances.reduce((sum, distance) => sum + distance, 0) / distances.length).toBeLessThan(1);
  });
});

it('weights of taps add up to 1, and only shown pixels have any', () => {
  for (const [extent, size] of [
    [1, 9],
    [9, 1],
    [10_000, 3],
    [37, 36],
  ]) {
    for (const { first, weights } of triangleTaps(all(extent), size)) {
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first + weights.length).toBeLessThanOrEqual(extent);
    }
  }
});
