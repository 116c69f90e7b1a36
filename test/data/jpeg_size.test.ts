// The size in a JPEG's header is that of the decoder, wherever it is told.
import { describe, expect, it } from 'vitest';
import { jpegSize } from '../../src/data/images/jpeg_size.js';
import { image, plain } from './image_files.js';

const WIDTH = 37;
const HEIGHT = 300;
const source = () => image(WIDTH, HEIGHT, plain(WIDTH, HEIGHT, [10, 200, 90]));
const SIZE = { width: WIDTH, height: HEIGHT };

describe('jpegSize', () => {
  it.each([
    ['baseline', () => source().jpeg()],
    ['progressive', () => source().jpeg({ progressive: true })],
    ['grey', () => source().greyscale().jpeg()],
    ['CMYK', () => source().toColourspace('cmyk').jpeg()],
    ['with a colour profile', () => source().withIccProfile('p3').jpeg()],
  ])('%s', async (_, make) => {
    expect(jpegSize(await make().toBuffer())).toEqual(SIZE);
  });

  it('is found where the file is a view of other bytes', async () => {
    const bytes = await source().jpeg().toBuffer();
    const framed = new Uint8Array(bytes.length + 10).fill(0xff);
    framed.set(bytes, 5);
    expect(jpegSize(framed.subarray(5, 5 + bytes.length))).toEqual(SIZE);
  });

  it('is left to the decoder where the image may be turned', async () => {
    for (const orientation of [1, 6])
      expect(jpegSize(await source().withMetadata({ orientation }).jpeg().toBuffer())).toBeUndefined();
  });

  it('is left to the decoder in other formats and in what is no image', async () => {
    for (const bytes of [await source().png().toBuffer(), await source().webp().toBuffer(), Buffer.from('text')])
      expect(jpegSize(bytes)).toBeUndefined();
  });

  it('is not read beyond the end of a cut file', async () => {
    const whole = await source().jpeg().toBuffer();
    const sizes = Array.from({ length: whole.length }, (_, end) => jpegSize(Uint8Array.from(whole.subarray(0, end))));
    const header = sizes.findIndex((size) => size !== undefined);
    expect(header).toBeGreaterThan(20);
    for (const size of sizes.slice(0, header)) expect(size).toBeUndefined();
    for (const size of sizes.slice(header)) expect(size).toEqual(SIZE);
  });

  it('is left to the decoder where a segment has no sensible length or the frame no size', () => {
    const segment = (length: number) => Uint8Array.from([0xff, 0xd8, 0xff, 0xfe, 0, length, ...new Array(20).fill(0)]);
    for (const length of [0, 1, 2, 200]) expect(jpegSize(segment(length))).toBeUndefined();
    const empty = Uint8Array.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 0, 0, 5, 1, 0, 0, 0]);
    expect(jpegSize(empty)).toBeUndefined();
  });
});
