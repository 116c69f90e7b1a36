// Small image files for tests of folders, made by sharp.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { crc32 } from '../../src/train/files/crc32.js';

export type Colour = readonly [red: number, green: number, blue: number];

/** The pixels of one colour, [height, width, 3]. */
export function plain(width: number, height: number, colour: Colour): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]);
}

export function image(width: number, height: number, pixels: Uint8Array): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

export function jpeg(width: number, height: number, colour: Colour): Promise<Buffer> {
  return image(width, height, plain(width, height, colour))
    .jpeg({ quality: 95 })
    .toBuffer();
}

export function put(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** A black PNG of one bit a pixel, without holding its pixels: 10,000 x 10,000 of them are 12 kB. */
export function blackPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
