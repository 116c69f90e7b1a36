// The data sets by name, and where their files are.

import { join } from 'node:path';
import { InputError } from '../device/index.js';
import type { AnyDataset } from './dataset.js';
import { FETCHABLE_NAMES, type FetchableSet, fetchableSet } from './fetch/archives.js';
import { fetchFolder, findDataFolder } from './fetch/data_folders.node.js';
import { type FetchOptions, fetchSet, hasFiles } from './fetch/fetch.node.js';
import { IMAGE_FOLDER, IMAGENET, TINY_IMAGENET } from './folders/folder_infos.js';
import { loadFolder } from './folders/folders.node.js';
import { checkImageSize, type ImageSetOptions } from './folders/image_sets.js';
import { CIFAR10_FORMAT, CIFAR100_FORMAT } from './formats/cifar.js';
import { loadCifar10, loadCifar100 } from './formats/cifar.node.js';
import { MNIST } from './formats/mnist.js';
import { loadMnist } from './formats/mnist.node.js';
import { datasetInfo } from './infos.js';

export interface LoadDatasetOptions extends ImageSetOptions {
  /**
   * The folder with its files. Without it, they are looked for in `data/NAME`, and in `NAME` below the folder that the environment
   * variable SHUFFLEBLOCK_DATA names and below `~/.cache/shuffleblock-data` (XDG_CACHE_HOME). Digits of MNIST come with shuffleblock.
   */
  readonly dir?: string;
  /**
   * Fetches CIFAR-10, CIFAR-100 and, where `dir` is given, MNIST if none of their files are there, as `fetchDataset` does. Without it
   * nothing is fetched.
   */
  readonly fetch?: FetchOptions;
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
    folders: [CIFAR10_FORMAT.folder],
  },
  cifar100: {
    load: loadCifar100,
    files: 'the files of its binary version (https://www.cs.toronto.edu/~kriz/cifar.html)',
    folders: [CIFAR100_FORMAT.folder],
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
  // Those that are fetched have images of one size.
  if (fetchableSet(info.name)) checkImageSize(info, options.imageSize);
  if (options.fetch?.url !== undefined) checkFetchable(info.name, options.dir);
  if (info.name === MNIST.name && options.dir === undefined) return loadMnist(undefined, options);
  const dir = await folderOf(info.name, options);
  return info.name === MNIST.name ? loadMnist(dir, options) : LOADERS[info.name].load(dir, options);
}

/**
 * Downloads the official files of CIFAR-10, CIFAR-100 or MNIST, unless they are there.
 * @param dir default: `NAME` below the folder that the environment variable SHUFFLEBLOCK_DATA names, or `~/.cache/shuffleblock-data`.
 * @returns that folder, and whether anything had to be fetched.
 * @throws InputError if there is no such data set, no network, or the disk is full; nothing has changed then.
 */
export async function fetchDataset(
  name: string,
  dir?: string,
  options: FetchOptions = {},
): Promise<{ dir: string; isNew: boolean }> {
  const info = datasetInfo(name);
  const target = dir ?? fetchFolder(info.name);
  return { dir: target, isNew: await fetchSet(fetchable(info.name), target, options) };
}

/** The folder with the files, once there are some. */
async function folderOf(name: string, { dir, fetch }: LoadDatasetOptions): Promise<string> {
  const set = fetchableSet(name);
  const found = dir ?? (await findDataFolder(name, [name, ...(LOADERS[name].folders ?? [])]));
  if (set && fetch) {
    const target = found ?? fetchFolder(name);
    if (!(await hasFiles(set, target))) await fetchSet(set, target, fetch);
    return target;
  }
  if (found !== undefined) return found;
  const hint = set ? `; shuffleblock data fetch ${name} downloads them` : '';
  throw new InputError(
    `${name}: expected a folder with ${LOADERS[name].files}, got none; pass --data_dir DIR or put it in ${join('data', name)}${hint}`,
  );
}

/** @throws InputError if an address was given for nothing. */
function checkFetchable(name: string, dir: string | undefined): void {
  const set = fetchable(name);
  if (set.name === MNIST.name && dir === undefined) {
    throw new InputError(
      'data url: expected --data_dir DIR beside it for mnist, of which digits come with shuffleblock',
    );
  }
}

function fetchable(name: string): FetchableSet {
  const set = fetchableSet(name);
  if (set) return set;
  throw new InputError(`data set to fetch: expected one of ${FETCHABLE_NAMES.join(', ')}, got ${name}`);
}
