// Real CIFAR-10 records from the lossless mosaics of ../shared/data/cifar10: 1,000 images each, 40 across, 25 down, in file order.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { ImageSplit } from '../../src/data/index.js';

const ACROSS = 40;
const SIZE = 32;
const PIXELS = SIZE * SIZE;

/** The first `count` (at most 1,000) records of `data_batch_1`, `test_batch`, ...: images [count,3,32,32] and labels. */
export async function cifarRecords(batch: string, count: number): Promise<ImageSplit> {
  const path = (name: string) => fileURLToPath(new URL(`../../../shared/data/cifar10/${name}`, import.meta.url));
  const { data, info } = await sharp(path(`${batch}-00.webp`))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== ACROSS * SIZE || info.channels !== 3) throw new Error(`${batch}: not a mosaic of CIFAR images`);
  const images = new Uint8Array(count * 3 * PIXELS);
  for (let i = 0; i < images.length; i++) {
    const record = Math.floor(i / (3 * PIXELS));
    const channel = Math.floor(i / PIXELS) % 3;
    const y = Math.floor(record / ACROSS) * SIZE + Math.floor((i % PIXELS) / SIZE);
    const x = (record % ACROSS) * SIZE + (i % SIZE);
    images[i] = data[(y * info.width + x) * 3 + channel];
  }
  return { images, labels: new Uint8Array(readFileSync(path(`${batch}.labels`))).slice(0, count), count };
}
