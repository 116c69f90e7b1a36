// CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009) in their binary versions:
// records of a label byte (CIFAR-100: coarse, then fine) and 3072 bytes [3, 32, 32] in the order red, green, blue.

import { InputError } from '../../device/index.js';
import {
  assembleDataset,
  checkLabels,
  concatSplits,
  type DatasetInfo,
  type ImageDataset,
  type ImageSplit,
  type LoadOptions,
  type ReadDataFile,
  type SplitName,
} from '../dataset.js';

const SHAPE = { channels: 3, height: 32, width: 32 } as const;
const IMAGE_BYTES = SHAPE.channels * SHAPE.height * SHAPE.width;
const COARSE_CLASSES = 20;

export const CIFAR10: DatasetInfo = {
  name: 'cifar10',
  classes: 10,
  ...SHAPE,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
  augmentation: { padding: 4, flip: true },
};

export const CIFAR100: DatasetInfo = {
  name: 'cifar100',
  classes: 100,
  ...SHAPE,
  mean: [0.5070751592, 0.4865488733, 0.4409178433],
  std: [0.2673342858, 0.2564384629, 0.2761504713],
  augmentation: { padding: 4, flip: true },
};

/**
 * One file of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin`, `test_batch.bin`.
 * @param where the file's name, for messages.
 * @throws InputError if the file is not a whole number of records, or holds a label that does not exist.
 */
export function parseCifar10(bytes: Uint8Array, where: string): ImageSplit {
  const { images, labels, count } = parseRecords(bytes, 1, where);
  checkLabels(labels[0], CIFAR10.classes, where);
  return { images, labels: labels[0], count };
}

/** One file of CIFAR-100, `train.bin` or `test.bin`, with its fine labels. As `parseCifar10`. */
export function parseCifar100(bytes: Uint8Array, where: string): ImageSplit {
  const { images, labels, count } = parseRecords(bytes, 2, where);
  const [coarse, fine] = labels;
  checkLabels(coarse, COARSE_CLASSES, where, 'coarse label');
  checkLabels(fine, CIFAR100.classes, where, 'fine label');
  return { images, labels: fine, count };
}

export interface CifarFormat {
  readonly info: DatasetInfo;
  /** Of the official archive. */
  readonly folder: string;
  readonly files: Readonly<Record<SplitName, readonly string[]>>;
  readonly parse: (bytes: Uint8Array, where: string) => ImageSplit;
}

export const CIFAR10_FORMAT: CifarFormat = {
  info: CIFAR10,
  folder: 'cifar-10-batches-bin',
  files: { train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`), test: ['test_batch.bin'] },
  parse: parseCifar10,
};

export const CIFAR100_FORMAT: CifarFormat = {
  info: CIFAR100,
  folder: 'cifar-100-binary',
  files: { train: ['train.bin'], test: ['test.bin'] },
  parse: parseCifar100,
};

/** The data set from its files. Those beyond `options.limit` are not read. */
export function readCifar(
  { info, files, parse }: CifarFormat,
  source: string,
  options: LoadOptions,
  read: ReadDataFile,
): Promise<ImageDataset> {
  return assembleDataset(info, source, options, async (part, limit = Infinity) => {
    const splits: ImageSplit[] = [];
    let count = 0;
    for (const name of files[part]) {
      const { where, bytes } = await read(name);
      splits.push(parse(bytes, where));
      count += splits.at(-1)!.count;
      if (count >= limit) break;
    }
    return concatSplits(splits);
  });
}

/** Takes the records apart: every label byte of a record goes to a list of its own. */
function parseRecords(
  bytes: Uint8Array,
  labelBytes: number,
  where: string,
): { images: Uint8Array; labels: Uint8Array[]; count: number } {
  const recordBytes = labelBytes + IMAGE_BYTES;
  const count = Math.floor(bytes.length / recordBytes);
  if (count === 0 || bytes.length !== count * recordBytes) {
    throw new InputError(
      `${where}: expected whole records of ${recordBytes} bytes (${labelBytes} of labels, ${IMAGE_BYTES} of image), got ${bytes.length} bytes, ${count} records and ${bytes.length - count * recordBytes} bytes`,
    );
  }
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = Array.from({ length: labelBytes }, () => new Uint8Array(count));
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes;
    for (let i = 0; i < labelBytes; i++) labels[i][record] = bytes[start + i];
    images.set(bytes.subarray(start + labelBytes, start + recordBytes), record * IMAGE_BYTES);
  }
  return { images, labels, count };
}
