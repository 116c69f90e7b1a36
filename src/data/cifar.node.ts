// CIFAR-10 and CIFAR-100 from the files of their official binary archives.

import { CIFAR10, CIFAR100, parseCifar10, parseCifar100 } from './cifar.js';
import {
  assembleDataset,
  concatSplits,
  type DatasetInfo,
  type ImageDataset,
  type ImageSplit,
  type LoadOptions,
  type SplitName,
} from './dataset.js';
import { type DataFolder, readDataFile } from './files.node.js';

interface CifarFormat {
  readonly info: DatasetInfo;
  readonly subfolder: string;
  readonly files: Readonly<Record<SplitName, readonly string[]>>;
  readonly parse: (bytes: Uint8Array, where: string) => ImageSplit;
}

const FORMAT_10: CifarFormat = {
  info: CIFAR10,
  subfolder: 'cifar-10-batches-bin',
  files: { train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`), test: ['test_batch.bin'] },
  parse: parseCifar10,
};

const FORMAT_100: CifarFormat = {
  info: CIFAR100,
  subfolder: 'cifar-100-binary',
  files: { train: ['train.bin'], test: ['test.bin'] },
  parse: parseCifar100,
};

/**
 * @param dir a folder that holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, itself or in
 *   `cifar-10-batches-bin`. Files beyond `options.limit` are not read.
 * @throws InputError if a file is missing or damaged.
 */
export function loadCifar10(dir: string, options: LoadOptions = {}): Promise<ImageDataset> {
  return loadCifar(FORMAT_10, dir, options);
}

/** @param dir a folder that holds train.bin and test.bin, itself or in `cifar-100-binary`. As `loadCifar10`. */
export function loadCifar100(dir: string, options: LoadOptions = {}): Promise<ImageDataset> {
  return loadCifar(FORMAT_100, dir, options);
}

function loadCifar(format: CifarFormat, dir: string, options: LoadOptions): Promise<ImageDataset> {
  const { info, subfolder, files, parse } = format;
  const folder: DataFolder = { dataset: info.name, dir, subfolder };
  return assembleDataset(info, dir, options, async (part, limit = Infinity) => {
    const splits: ImageSplit[] = [];
    let count = 0;
    for (const name of files[part]) {
      const { path, bytes } = await readDataFile(folder, name);
      splits.push(parse(bytes, path));
      count += splits.at(-1)!.count;
      if (count >= limit) break;
    }
    return concatSplits(splits);
  });
}
