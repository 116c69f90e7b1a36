// CIFAR-10 and CIFAR-100 from the files of their official binary archives.

import type { ImageDataset, LoadOptions } from '../dataset.js';
import { type DataFolder, readDataFile } from '../files.node.js';
import { CIFAR10_FORMAT, CIFAR100_FORMAT, type CifarFormat, readCifar } from './cifar.js';

/**
 * @param dir a folder that holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, itself or in
 *   `cifar-10-batches-bin`. Files beyond `options.limit` are not read.
 * @throws InputError if a file is missing or damaged.
 */
export function loadCifar10(dir: string, options: LoadOptions = {}): Promise<ImageDataset> {
  return loadCifar(CIFAR10_FORMAT, dir, options);
}

/** @param dir a folder that holds train.bin and test.bin, itself or in `cifar-100-binary`. As `loadCifar10`. */
export function loadCifar100(dir: string, options: LoadOptions = {}): Promise<ImageDataset> {
  return loadCifar(CIFAR100_FORMAT, dir, options);
}

function loadCifar(format: CifarFormat, dir: string, options: LoadOptions): Promise<ImageDataset> {
  const folder: DataFolder = { dataset: format.info.name, dir, subfolder: format.folder };
  return readCifar(format, dir, options, (name) => readDataFile(folder, name));
}
