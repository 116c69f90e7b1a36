// The data sets by name: what is known of each without its files.

import { InputError } from '../device/index.js';
import type { DatasetInfo } from './dataset.js';
import { IMAGE_FOLDER, IMAGENET, TINY_IMAGENET } from './folders/folder_infos.js';
import { CIFAR10, CIFAR100 } from './formats/cifar.js';
import { MNIST } from './formats/mnist.js';

const INFOS: readonly DatasetInfo[] = [MNIST, CIFAR10, CIFAR100, TINY_IMAGENET, IMAGENET, IMAGE_FOLDER];

/**
 * @param name in any case, with or without hyphens.
 * @throws InputError if there is none of that name.
 */
export function datasetInfo(name: string): DatasetInfo {
  const found = INFOS.find((info) => info.name === name.toLowerCase().replaceAll('-', ''));
  if (found) return found;
  throw new InputError(`data set: expected one of ${INFOS.map((info) => info.name).join(', ')}, got ${name}`);
}
