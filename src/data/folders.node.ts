// Data sets of image files: small ones are decoded once and stay in memory, large ones and those with random crops are streamed.

import { join } from 'node:path';
import { InputError } from '../device/index.js';
import { BrokenImages, type BrokenImagesRule } from './broken_images.node.js';
import {
  type AnyDataset,
  type AnySplit,
  checkLimit,
  type DatasetInfo,
  EMPTY_SPLIT,
  type LoadOptions,
  type SplitName,
} from './dataset.js';
import { Decoder } from './decoder.node.js';
import { folderIndex } from './folder_cache.node.js';
import type { FolderIndex, ImageList } from './folder_index.node.js';
import { FolderSplit } from './folder_split.node.js';

export interface FolderOptions extends LoadOptions {
  /** Height and width of images in pixels. Default: the data set's. */
  readonly imageSize?: number;
  /** Whether an image that cannot be decoded ends everything, or is left out and counted. Default: `stop`. */
  readonly brokenImages?: BrokenImagesRule;
  /** Images decoded at the same time. Default: the machine's cores. The result does not depend on it. */
  readonly workers?: number;
  /** Told of every damaged image that is left out. */
  readonly warn?: (message: string) => void;
  /** Told how many images have been read, of how many that are read now. */
  readonly onRead?: (done: number, total: number) => void;
}

/** Decoded, Tiny-ImageNet-200 takes 1.2 GiB: decoding it once costs half a minute, streaming it half a minute of every epoch. */
const MOST_RESIDENT_BYTES = 1.5 * 2 ** 30;
/** ImageNet's evaluation shows the central 224 of 256 pixels. */
const RESIZE_RATIO = 256 / 224;
const LARGEST_SIZE = 4096;
const FOLDERS: Readonly<Record<SplitName, string>> = { train: 'train', test: 'val' };

/**
 * @param dir a folder with `train` and `val`, each with a folder of images per class; or Tiny-ImageNet-200's official layout.
 * @throws InputError if folders are missing or laid out otherwise, a class has no training image, or an image that is read now is
 *   damaged.
 */
export async function loadFolder(info: DatasetInfo, dir: string, options: FolderOptions = {}): Promise<AnyDataset> {
  const { parts = ['train', 'test'], limit = {}, imageSize = info.height } = options;
  const { brokenImages = 'stop', workers, warn = () => {}, onRead = () => {} } = options;
  if (!Number.isInteger(imageSize) || imageSize < 1 || imageSize > LARGEST_SIZE) {
    throw new InputError(`image size: expected a whole number from 1 to ${LARGEST_SIZE}, got ${imageSize}`);
  }
  if (workers !== undefined && !(Number.isInteger(workers) && workers > 0)) {
    throw new InputError(`workers: expected a positive whole number, got ${workers}`);
  }
  const index = await folderIndex(dir);
  const broken = new BrokenImages(brokenImages, warn);
  const missing = parts.includes('test') ? index.missing : [];
  for (const path of missing) broken.report(join(dir, path), 'no such file, though annotations name it');
  const decoder = new Decoder(workers);
  const { resizedCrop: isCropped = false } = info.augmentation;
  const resize = isCropped ? Math.round(imageSize * RESIZE_RATIO) : imageSize;
  const splits: Record<SplitName, AnySplit> = { train: EMPTY_SPLIT, test: EMPTY_SPLIT };
  for (const part of parts) {
    const list = imageList(index, part, dir);
    const most = checkLimit(limit[part]);
    const split = new FolderSplit({ dir, list, size: imageSize, resize, decoder, broken }).first(most);
    const isFixed = part === 'test' || !isCropped;
    const isResident = isFixed && split.count * 3 * imageSize ** 2 <= MOST_RESIDENT_BYTES;
    let done = 0;
    splits[part] = isResident ? await split.readAll(() => onRead(++done, split.count)) : split;
    if (splits[part].count === 0) throw new InputError(`${join(dir, FOLDERS[part])}: expected an image, got none`);
  }
  const { classes: classNames } = index;
  const size = { classes: classNames.length, height: imageSize, width: imageSize };
  return { ...info, ...size, ...splits, classNames, source: describe(index, dir, broken) };
}

/** @throws InputError if that part is not there, or a class lacks training images. */
function imageList(index: FolderIndex, part: SplitName, dir: string): ImageList {
  const list = index[part];
  const folder = join(dir, FOLDERS[part]);
  if (!list) throw new InputError(`${folder}: expected a folder of images for each class, got none`);
  if (part === 'test') return list;
  const present = new Set(list.labels);
  const empty = index.classes.filter((_, label) => !present.has(label));
  if (empty.length === 0) return list;
  const others = empty.length > 1 ? ` and in ${empty.length - 1} other classes` : '';
  throw new InputError(`${join(folder, empty[0])}: expected at least one image (.jpg, .png, .webp), got none${others}`);
}

function describe({ classes, ignored }: FolderIndex, dir: string, broken: BrokenImages): string {
  const notes = [`${classes.length} classes`];
  if (ignored > 0) notes.push(`${ignored} other files ignored`);
  if (broken.count > 0) notes.push(`${broken.count} damaged images left out`);
  return `${dir} (${notes.join(', ')})`;
}
