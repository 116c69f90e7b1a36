// Image files by the browser's decoders: what stands in them, and what becomes of those that hold no image.
import { describe, expect, it } from 'vitest';
import { BrokenImageError } from '../../src/data/images/broken_images.js';
import { randomResizedCrop } from '../../src/data/images/crop.js';
import { decodeBitmap } from '../../src/data/images/decode_bitmap.js';
import { pageFile } from '../data/support.js';
import { type Colour, imageBytes, withOrientation } from '../support/page_images.js';

const COLOUR: Colour = [200, 100, 50];
const RED: Colour = [250, 0, 0];
const BLUE: Colour = [0, 0, 250];

function decode(bytes: Uint8Array, size = 8, resize = size, cropSeed?: number): Promise<Uint8Array> {
  return decodeBitmap(pageFile('x', bytes), { size, resize, cropSeed });
}

const plain = (width: number, height: number, kind: string) =>
  imageBytes(width, height, kind, [0, 0, width, height, COLOUR]);

/** Colours of pixels, rounded to what JPEG keeps. */
function coarse(pixels: Uint8Array, ...places: number[]): number[][] {
  return places.map((place) =>
    Array.from(pixels.subarray(3 * place, 3 * place + 3), (byte) => Math.round(byte / 10) * 10),
  );
}

describe('decodeBitmap', () => {
  it.each([
    ['jpeg', 20, 10],
    ['png', 20, 10],
    ['webp', 20, 10],
    ['png', 1, 1],
    ['png', 3000, 1],
    ['jpeg', 3, 2000],
  ])('%s of %i x %i', async (kind, width, height) => {
    const bytes = await plain(width, height, kind);
    for (const pixels of [await decode(bytes), await decode(bytes, 8, 8, 5), await decode(bytes, 8, 9)]) {
      expect(pixels).toHaveLength(8 * 8 * 3);
      expect(coarse(pixels, 0, 27, 63)).toEqual([COLOUR, COLOUR, COLOUR]);
    }
  });

  it('images are turned upright, and random parts are parts of the upright image', async () => {
    const bytes = await imageBytes(40, 20, 'jpeg', [0, 0, 20, 20, RED], [20, 0, 20, 20, BLUE]);
    expect(coarse(await decode(bytes, 20), 0, 19, 380, 399)).toEqual([RED, BLUE, RED, BLUE]);
    // 6: the left side of what is stored is the top.
    const turned = withOrientation(bytes, 6);
    expect(coarse(await decode(turned, 20), 0, 19, 380, 399)).toEqual([RED, RED, BLUE, BLUE]);
    const seed = Array.from({ length: 100 }, (_, i) => i).find((i) => {
      const { top, height } = randomResizedCrop(20, 40, i);
      return top + height < 18;
    })!;
    expect(coarse(await decode(turned, 8, 8, seed), 0, 7, 56, 63)).toEqual([RED, RED, RED, RED]);
  });

  it('shows the centre of the resized image', async () => {
    const bytes = await imageBytes(32, 16, 'png', [0, 0, 32, 16, [0, 0, 0]], [10, 2, 12, 12, [255, 255, 255]]);
    const shown = await decode(bytes, 4, 8);
    expect([...shown].every((byte) => byte === 255)).toBe(true);
    const [corner] = await decode(bytes, 8, 8);
    expect(corner).toBeLessThan(100);
  });

  it('every pixel counts in what is shrunk', async () => {
    // Lines of one pixel: nearest and mere bilinear sampling would see some of them.
    const lines = Array.from({ length: 32 }, (_, i) => [4 * i, 0, 1, 128, [255, 255, 255]] as const);
    const shown = await decode(await imageBytes(128, 128, 'png', [0, 0, 128, 128, [0, 0, 0]], ...lines), 8);
    for (const byte of shown) expect(Math.abs(byte - 255 / 4)).toBeLessThan(5);
  });

  it('a random part is that of its seed', async () => {
    const patches = Array.from(
      { length: 25 },
      (_, i) => [10 * (i % 5), 2 * i, 10, 10, [9 * i, 250 - 9 * i, 99]] as const,
    );
    const bytes = await imageBytes(50, 60, 'png', [0, 0, 50, 60, COLOUR], ...patches);
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => decode(bytes, 8, 8, seed)));
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  it('what is transparent is black', async () => {
    expect(await decode(await imageBytes(9, 9, 'png'))).toEqual(new Uint8Array(8 * 8 * 3));
  });

  it('takes 10,000 x 10,000 pixels', async () => {
    const bytes = await plain(10_000, 10_000, 'png');
    expect(coarse(await decode(bytes), 0, 63)).toEqual([COLOUR, COLOUR]);
  });

  it.each([
    ['nothing', async () => new Uint8Array(0)],
    ['text', async () => new TextEncoder().encode('no image at all')],
    ['half a JPEG', async () => (await plain(300, 300, 'jpeg')).subarray(0, 700)],
    ['a header of a PNG', async () => (await plain(300, 300, 'png')).subarray(0, 40)],
  ])('refuses %s in one line', async (_, make) => {
    const bytes = await make();
    for (const cropSeed of [undefined, 1]) {
      const error = await decode(bytes, 8, 8, cropSeed).catch((reason) => reason);
      expect(error).toBeInstanceOf(BrokenImageError);
      expect(error.message).toMatch(/^\S.*$/);
    }
  });
});
