// The digits that come with the page: see web/pack_digits.node.ts.

import { type ImageDataset, type ImageSplit, MNIST, parseIdxImages, parseIdxLabels } from '../../src/data/index.js';
import { InputError } from '../../src/device/index.js';

/** @param base the page's address. @throws InputError if they are not there. */
export async function loadDigits(base: string): Promise<ImageDataset> {
  const [train, test] = await Promise.all([loadSplit(base, 'train'), loadSplit(base, 't10k')]);
  return { ...MNIST, train, test, source: 'the digits of this page' };
}

async function loadSplit(base: string, prefix: string): Promise<ImageSplit> {
  const names = [`${prefix}-images-idx3-ubyte.gz`, `${prefix}-labels-idx1-ubyte.gz`];
  const [images, labels] = await Promise.all(names.map((name) => fetchUnpacked(new URL(`digits/${name}`, base), name)));
  const { images: pixels, count } = parseIdxImages(images, names[0]);
  return { images: pixels, labels: parseIdxLabels(labels, names[1]), count };
}

async function fetchUnpacked(address: URL, name: string): Promise<Uint8Array> {
  const response = await fetch(address).catch(() => undefined);
  if (!response?.ok) {
    throw new InputError(`${name}: expected it beside the page, got ${response ? response.status : 'no answer'}`);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b; // Some servers unpack what is named .gz.
  if (!isPacked) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}
