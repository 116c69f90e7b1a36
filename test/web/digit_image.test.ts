// From a drawing to an image like MNIST's: size and place of the drawing do not matter, only its form.

import { describe, expect, it } from 'vitest';
import { digitImage } from '../../web/page/digit_image.js';

const SIDE = 120;

/** Ink in a rectangle. */
function rectangle(left: number, top: number, width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return x >= left && x < left + width && y >= top && y < top + height ? 255 : 0;
  });
}

function rowsAndColumns(image: Uint8Array): { rows: number[]; columns: number[] } {
  const inked = [...image.keys()].filter((i) => image[i] > 0);
  const unique = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);
  return { rows: unique(inked.map((i) => Math.floor(i / 28))), columns: unique(inked.map((i) => i % 28)) };
}

describe('digitImage', () => {
  it('is nothing of an empty drawing', () => {
    expect(digitImage(new Uint8Array(SIDE * SIDE), SIDE)).toBeUndefined();
  });

  it.each([[rectangle(5, 7, 30, 60)], [rectangle(80, 50, 30, 60)], [rectangle(50, 50, 10, 20)]])(
    'scales to 20 pixels and puts the centre into the middle',
    (ink) => {
      const { rows, columns } = rowsAndColumns(digitImage(ink, SIDE)!);
      expect([rows[0], rows.at(-1)]).toEqual([4, 23]);
      expect([columns[0], columns.at(-1)]).toEqual([9, 18]);
    },
  );

  it('keeps the ink, averaged', () => {
    const image = digitImage(rectangle(10, 10, 40, 80), SIDE)!;
    expect(Math.max(...image)).toBe(255);
    expect(image.reduce((sum, value) => sum + value, 0)).toBe(255 * 10 * 20);
  });

  it('centres by mass, as far as nothing is cut off', () => {
    // An L: its mass lies to the lower left of its box.
    const foot = rectangle(20, 90, 60, 10);
    const ink = rectangle(20, 20, 10, 80).map((value, i) => value | foot[i]);
    const { rows, columns } = rowsAndColumns(digitImage(ink, SIDE)!);
    expect(columns[0]).toBeGreaterThan(6);
    expect(rows[0]).toBeLessThan(4);
    expect(rows.at(-1)! - rows[0]).toBe(19);
  });

  it('takes a single dot', () => {
    const image = digitImage(rectangle(0, 119, 1, 1), SIDE)!;
    expect(image.filter((value) => value > 0).length).toBe(400);
  });
});
