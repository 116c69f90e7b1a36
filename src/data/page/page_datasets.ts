// The data sets by name, from the files that a page has: the counterpart of `loadDataset` where there is no disk.

import type { AnyDataset, ImageDataset, LoadOptions } from '../dataset.js';
import { checkImageSize, type ImageSetOptions } from '../folders/image_sets.js';
import { CIFAR10_FORMAT, CIFAR100_FORMAT, type CifarFormat, readCifar } from '../formats/cifar.js';
import { MNIST, MNIST_FILES, readMnist } from '../formats/mnist.js';
import { datasetInfo } from '../infos.js';
import { pageFiles } from './page_files.js';
import type { LabelledFile } from './page_folders.js';
import { imagesFromFiles } from './page_images.js';

/**
 * Reads a data set.
 * @param name as for `datasetInfo`.
 * @param files chosen by the user, or fetched (`fetchFile`). MNIST: the four official files, packed (.gz) or not; CIFAR: those of the
 *   binary version, or its archive (.tar.gz, .tar); all others: see `imagesFromFiles`.
 * @throws InputError if there is no set of that name, or a file is missing or damaged.
 */
export async function datasetFromFiles(
  name: string,
  files: Iterable<File | LabelledFile>,
  options: ImageSetOptions = {},
): Promise<AnyDataset> {
  const info = datasetInfo(name);
  const read = READERS[info.name];
  if (!read) return imagesFromFiles(info, files, options);
  checkImageSize(info, options.imageSize);
  return read(
    Array.from(files, (file) => ('className' in file ? file.file : file)),
    options,
  );
}

type Reader = (files: readonly File[], options: LoadOptions) => Promise<ImageDataset>;

/** Of the sets whose images all have one size. */
const READERS: Readonly<Record<string, Reader>> = {
  cifar10: (files, options) => cifarFromFiles(CIFAR10_FORMAT, files, options),
  cifar100: (files, options) => cifarFromFiles(CIFAR100_FORMAT, files, options),
  mnist: mnistFromFiles,
};

function cifarFromFiles(format: CifarFormat, files: readonly File[], options: LoadOptions): Promise<ImageDataset> {
  const { info, files: names } = format;
  const read = pageFiles(info.name, files, [...names.train, ...names.test]);
  return readCifar(format, describe(files), options, read);
}

function mnistFromFiles(files: readonly File[], options: LoadOptions): Promise<ImageDataset> {
  const read = pageFiles(MNIST.name, files, [...MNIST_FILES.train, ...MNIST_FILES.test]);
  return readMnist(describe(files), options, read);
}

function describe(files: readonly File[]): string {
  return files.map((file) => file.name).join(', ');
}
