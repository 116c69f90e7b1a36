// Decoding of single files: what stands in them, and what becomes of those that hold no image.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { BrokenImageError } from '../../src/data/images/broken_images.js';
import { randomResizedCrop } from '../../src/data/images/crop.js';
import { decodeImage } from '../../src/data/images/decode.node.js';
import { blackPng, type Colour, image, jpeg, plain, put } from './image_files.js';

const dir = mkdtempSync(join(tmpdir(), 'shuffleblock-decode-'));
afterAll(() => rmSync(dir, { recursive: true }));

const COLOUR: Colour = [200, 100, 50];

function file(name: string, bytes: Uint8Array): string {
  put(join(dir, name), bytes);
  return join(dir, name);
}

function decode(path: string, size = 8, resize = size, cropSeed?: number): Promise<Uint8Array> {
  return decodeImage({ path, size, resize, cropSeed });
}

/** Colours of pixels, rounded to what JPEG keeps. */
function coarse(pixels: Uint8Array, ...places: number[]): number[][] {
  return places.map((place) =>
    Array.from(pixels.subarray(3 * place, 3 * place + 3), (byte) => Math.round(byte / 10) * 10),
  );
}

describe('decodeImage', () => {
  const source = () => image(20, 10, plain(20, 10, COLOUR));

  it.each([
    ['a.jpg', () => source().jpeg().toBuffer()],
    ['a.png', () => source().png().toBuffer()],
    ['a16.png', () => source().toColourspace('rgb16').png().toBuffer()],
    ['a.webp', () => source().webp().toBuffer()],
    ['alpha.png', () => source().ensureAlpha(1).png().toBuffer()],
    [
      '1x1.png',
      () =>
        image(1, 1, plain(1, 1, COLOUR))
          .png()
          .toBuffer(),
    ],
    [
      'thin.png',
      () =>
        image(3000, 1, plain(3000, 1, COLOUR))
          .png()
          .toBuffer(),
    ],
  ])('%s', async (name, make) => {
    const pixels = await decode(file(name, await make()));
    expect(pixels).toHaveLength(8 * 8 * 3);
    expect(coarse(pixels, 0, 27, 63)).toEqual([COLOUR, COLOUR, COLOUR]);
    const part = await decode(join(dir, name), 8, 8, 5);
    expect(coarse(part, 0, 27, 63)).toEqual([COLOUR, COLOUR, COLOUR]);
  });

  it('grey images have three equal channels', async () => {
    const bytes = await source().greyscale().jpeg().toBuffer();
    const [[red, green, blue]] = coarse(await decode(file('grey.jpg', bytes)), 9);
    expect([green, blue]).toEqual([red, red]);
    expect(red).toBeGreaterThan(90);
  });

  it('CMYK images are converted', async () => {
    const bytes = await source().toColourspace('cmyk').jpeg().toBuffer();
    const [red, green, blue] = await decode(file('cmyk.jpg', bytes));
    expect(red).toBeGreaterThan(green);
    expect(green).toBeGreaterThan(blue);
  });

  it('images are turned upright, and random parts are parts of the upright image', async () => {
    const pixels = plain(40, 20, [250, 0, 0]);
    for (let i = 0; i < pixels.length; i += 3) if ((i / 3) % 40 >= 20) pixels.set([0, 0, 250], i);
    // 6: the left side of what is stored is the top.
    const bytes = await image(40, 20, pixels).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
    const upright = await decode(file('turned.jpg', bytes), 20);
    expect(coarse(upright, 0, 19, 380, 399)).toEqual([
      [250, 0, 0],
      [250, 0, 0],
      [0, 0, 250],
      [0, 0, 250],
    ]);
    const seed = Array.from({ length: 100 }, (_, i) => i).find((i) => {
      const { top, height } = randomResizedCrop(20, 40, i);
      return top + height < 18;
    })!;
    const part = await decode(file('turned.jpg', bytes), 8, 8, seed);
    expect(coarse(part, 0, 7, 56, 63)).toEqual(Array.from({ length: 4 }, () => [250, 0, 0]));
  });

  it('shows the centre of the resized image', async () => {
    // 32 x 16 with a white middle of 12 x 12, at half its size.
    const pixels = plain(32, 16, [0, 0, 0]);
    for (let row = 2; row < 14; row++) pixels.fill(255, (row * 32 + 10) * 3, (row * 32 + 22) * 3);
    const path = file('middle.png', await image(32, 16, pixels).png().toBuffer());
    const shown = await decode(path, 4, 8);
    expect([...shown].every((byte) => byte === 255)).toBe(true);
    const [corner] = await decode(path, 8, 8);
    expect(corner).toBeLessThan(100);
  });

  it('a random part is that of its seed', async () => {
    const pixels = Uint8Array.from({ length: 50 * 50 * 3 }, (_, i) => (i * 37) % 251);
    const path = file('noise.png', await image(50, 50, pixels).png().toBuffer());
    const [a, b, c] = await Promise.all([decode(path, 8, 8, 1), decode(path, 8, 8, 1), decode(path, 8, 8, 2)]);
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  it('takes 10,000 x 10,000 pixels', async () => {
    const pixels = await decode(file('huge.png', blackPng(10_000, 10_000)));
    expect(pixels.every((byte) => byte === 0)).toBe(true);
  });

  it.each([
    ['zero.jpg', async () => new Uint8Array(0), /\S/],
    ['text.jpg', async () => Buffer.from('no image at all'), /expected JPEG, PNG or WebP/],
    [
      'drawing.jpg',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      /expected JPEG, PNG or WebP/,
    ],
    ['other.png', () => source().gif().toBuffer(), /expected JPEG, PNG or WebP/],
    ['cut.jpg', async () => (await jpeg(300, 300, COLOUR)).subarray(0, 700), /premature end/],
    ['header.png', async () => blackPng(10, 10).subarray(0, 30), /\S/],
    ['vast.png', async () => Buffer.concat([blackPng(1, 1).subarray(0, 16), Buffer.alloc(40, 0x7f)]), /\S/],
  ])('refuses %s in one line', async (name, make, reason) => {
    const path = file(name, await make());
    for (const cropSeed of [undefined, 1]) {
      const error = await decode(path, 8, 8, cropSeed).catch((reason) => reason);
      expect(error).toBeInstanceOf(BrokenImageError);
      expect(error.message).toMatch(reason);
      expect(error.message).not.toContain('\n');
    }
  });

  it('leaves files of these formats to other users of sharp', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const path = file(`other.${format}`, await source().toFormat(format).toBuffer());
      expect(await sharp(path).metadata()).toMatchObject({ format, width: 20 });
    }
  });

  it('refuses a pipe, which nobody may ever write to', async () => {
    execFileSync('mkfifo', [join(dir, 'pipe.jpg')]);
    await expect(decode(join(dir, 'pipe.jpg'))).rejects.toThrow(new BrokenImageError('a pipe'));
  });
});

describe('randomResizedCrop', () => {
  it.each([
    [500, 375],
    [64, 64],
    [1, 1],
    [10_000, 1],
    [1, 300],
    [10_000, 10_000],
  ])('of %i x %i lies inside', (width, height) => {
    for (let seed = 0; seed < 200; seed++) {
      const box = randomResizedCrop(width, height, seed);
      expect(Object.values(box).every(Number.isInteger)).toBe(true);
      expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
      expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(1);
      expect(box.left + box.width).toBeLessThanOrEqual(width);
      expect(box.top + box.height).toBeLessThanOrEqual(height);
    }
  });

  it('has areas and ratios spread over their ranges', () => {
    const boxes = Array.from({ length: 2000 }, (_, seed) => randomResizedCrop(1000, 1000, seed));
    const areas = boxes.map(({ width, height }) => (width * height) / 1e6);
    const ratios = boxes.map(({ width, height }) => Math.log(width / height));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.min(...areas)).toBeGreaterThan(0.079);
    expect(Math.min(...areas)).toBeLessThan(0.1);
    expect(Math.max(...areas)).toBeGreaterThan(0.9);
    // Large wide parts do not fit into a square and are drawn again, so the mean lies below 0.54.
    expect(mean(areas)).toBeGreaterThan(0.45);
    expect(mean(areas)).toBeLessThan(0.54);
    expect(Math.max(...ratios)).toBeLessThan(Math.log(4 / 3) + 0.01);
    expect(Math.min(...ratios)).toBeGreaterThan(-Math.log(4 / 3) - 0.01);
    expect(Math.abs(mean(ratios))).toBeLessThan(0.02);
  });
});
