// The data sets by name.

import { InputError } from '../device/index.js';
import { loadCifar10, loadCifar100 } from './cifar.node.js';
import type { ImageDataset, LoadOptions } from './dataset.js';
import { datasetInfo } from './infos.js';
import { loadMnist } from './mnist.node.js';

export interface LoadDatasetOptions extends LoadOptions {
  /** The folder with its files. MNIST comes with shuffleblock and needs none. */
  readonly dir?: string;
}

const LOADERS: Readonly<Record<string, (options: LoadDatasetOptions) => Promise<ImageDataset>>> = {
  mnist: (options) => loadMnist(options.dir, options),
  cifar10: (options) => loadCifar10(requireDir('cifar10', options), options),
  cifar100: (options) => loadCifar100(requireDir('cifar100', options), options),
};

/** The names that `loadDataset` knows. */
export const DATASET_NAMES: readonly string[] = Object.keys(LOADERS);

/**
 * Reads a data set.
 * @param name one of `DATASET_NAMES`, in any case, with or without hyphens.
 * @throws InputError if there is none of that name, or a file is missing or damaged.
 */
export async function loadDataset(name: string, options: LoadDatasetOptions = {}): Promise<ImageDataset> {
  return LOADERS[datasetInfo(name).name](options);
}

function requireDir(name: string, { dir }: LoadDatasetOptions): string {
  if (dir !== undefined) return dir;
  throw new InputError(
    `${name}: expected a folder with its binary version (https://www.cs.toronto.edu/~kriz/cifar.html), got none; pass --data_dir DIR`,
  );
}
