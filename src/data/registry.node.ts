// The data sets by name, and where their files are.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../device/index.js';
import { loadCifar10, loadCifar100 } from './cifar.node.js';
import type { AnyDataset } from './dataset.js';
import { IMAGE_FOLDER, IMAGENET, TINY_IMAGENET } from './folder_infos.js';
import { loadFolder } from './folders.node.js';
import { checkImageSize, type ImageSetOptions } from './image_sets.js';
import { datasetInfo } from './infos.js';
import { loadMnist } from './mnist.node.js';

export interface LoadDatasetOptions extends ImageSetOptions {
  /**
   * The folder with its files. Without it, they are looked for in `data/NAME` and in `NAME` below the folder that the environment
   * variable SHUFFLEBLOCK_DATA names. MNIST comes with shuffleblock and needs none.
   */
  readonly dir?: string;
}

interface Loader {
  readonly load: (dir: string, options: LoadDatasetOptions) => Promise<AnyDataset>;
  /** What the folder is to hold, for whoever has none. */
  readonly files: string;
  /** Other names of the folder. */
  readonly folders?: readonly string[];
}

const CLASS_FOLDERS = 'train/CLASS/*.jpg and val/CLASS/*.jpg (or .png, .webp)';

const LOADERS: Readonly<Record<string, Loader>> = {
  cifar10: {
    load: loadCifar10,
    files: 'the files of its binary version (https://www.cs.toronto.edu/~kriz/cifar.html)',
    folders: ['cifar-10-batches-bin'],
  },
  cifar100: {
    load: loadCifar100,
    files: 'the files of its binary version (https://www.cs.toronto.edu/~kriz/cifar.html)',
    folders: ['cifar-100-binary'],
  },
  tinyimagenet: {
    load: (dir, options) => loadFolder(TINY_IMAGENET, dir, options),
    files: 'train/WNID/images/*.JPEG, val/images/*.JPEG and val/val_annotations.txt',
    folders: ['tiny-imagenet-200'],
  },
  imagenet: {
    load: (dir, options) => loadFolder(IMAGENET, dir, options),
    files: 'train/WNID/*.JPEG and val/WNID/*.JPEG',
  },
  folder: { load: (dir, options) => loadFolder(IMAGE_FOLDER, dir, options), files: CLASS_FOLDERS },
};

/** The names that `loadDataset` knows. */
export const DATASET_NAMES: readonly string[] = ['mnist', ...Object.keys(LOADERS)];

/**
 * Reads a data set.
 * @param name one of `DATASET_NAMES`, in any case, with or without hyphens.
 * @throws InputError if there is none of that name, or a file is missing or damaged.
 */
export async function loadDataset(name: string, options: LoadDatasetOptions = {}): Promise<AnyDataset> {
  const info = datasetInfo(name);
  const { dir, imageSize } = options;
  const dataset =
    info.name === 'mnist'
      ? await loadMnist(dir, options)
      : await LOADERS[info.name].load(dir ?? findFolder(info.name), options);
  checkImageSize(dataset, imageSize);
  return dataset;
}

/** @throws InputError that says which files to put where. */
function findFolder(name: string): string {
  const { files, folders = [] } = LOADERS[name];
  const roots = ['data', process.env.SHUFFLEBLOCK_DATA].filter((root) => root !== undefined && root !== '');
  const candidates = roots.flatMap((root) => [name, ...folders].map((folder) => join(root!, folder)));
  const found = candidates.find((folder) => existsSync(folder));
  if (found !== undefined) return found;
  throw new InputError(
    `${name}: expected a folder with ${files}, got none; pass --data_dir DIR or put it in ${join('data', name)}`,
  );
}
