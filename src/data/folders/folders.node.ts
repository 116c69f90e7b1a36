// Data sets of image files in folders: which there are is told by an index, sharp decodes them.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../device/index.js';
import type { AnyDataset, DatasetInfo, SplitName } from '../dataset.js';
import { BrokenImages } from '../images/broken_images.js';
import { decodeImage } from '../images/decode.node.js';
import type { ImageFiles } from '../images/decoded_split.js';
import { takeTurns } from '../take_turns.js';
import { folderIndex } from './folder_cache.node.js';
import type { FolderIndex } from './folder_index.node.js';
import type { ImageList } from './image_list.js';
import { describeImages, type ImageSetOptions, imageView, readImageSet } from './image_sets.js';

const FOLDERS: Readonly<Record<SplitName, string>> = { train: 'train', test: 'val' };

/**
 * @param dir a folder with `train` and `val`, each with a folder of images per class; or Tiny-ImageNet-200's official layout.
 * @throws InputError if folders are missing or laid out otherwise, a class has no training image, or an image that is read now is
 *   damaged.
 */
export async function loadFolder(info: DatasetInfo, dir: string, options: ImageSetOptions = {}): Promise<AnyDataset> {
  const { parts = ['train', 'test'], imageSize, brokenImages = 'stop', warn = () => {} } = options;
  const { workers = availableParallelism() } = options;
  const view = imageView(info, imageSize);
  const decode = takeTurns(workers, decodeImage);
  const broken = new BrokenImages(brokenImages, warn, '--broken-images skip');
  const index = await folderIndex(dir);
  const missing = parts.includes('test') ? index.missing : [];
  for (const path of missing) broken.report(join(dir, path), 'no such file, though annotations name it');
  const files = (part: SplitName): ImageFiles => {
    const { paths, labels } = imageList(index, part, dir);
    const name = (image: number) => join(dir, paths[image]);
    const where = join(dir, FOLDERS[part]);
    return { where, labels, name, decode: (image, own) => decode({ path: name(image), ...own }) };
  };
  const { classes: classNames, ignored } = index;
  const source = () => `${dir} (${describeImages(classNames.length, ignored, broken)})`;
  return readImageSet(info, { classNames, files, view, broken, source }, options);
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
