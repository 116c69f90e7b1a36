// Image files in a page, of the classes that their folders or the page itself gives them.

import { InputError } from '../../device/index.js';
import type { AnyDataset, DatasetInfo, SplitName } from '../dataset.js';
import { checkClassCount, interleave } from '../folders/image_list.js';
import { describeImages, type ImageSetOptions, imageView, readImageSet } from '../folders/image_sets.js';
import { BrokenImages } from '../images/broken_images.js';
import type { View } from '../images/crop.js';
import { decodeBitmap } from '../images/decode_bitmap.js';
import type { ImageFiles } from '../images/decoded_split.js';
import { takeTurns } from '../take_turns.js';
import { type LabelledFile, labelByFolder } from './page_folders.js';

const PARTS: readonly SplitName[] = ['train', 'test'];
/** Where the browser does not tell how many cores there are. */
const USUAL_CORES = 4;

/**
 * @param files each with its class; or as a user chose them in a folder (`<input type="file" webkitdirectory>`), where their paths tell:
 *   `train/CLASS/NAME` and `val/CLASS/NAME`, Tiny-ImageNet-200's official layout, or `CLASS/NAME`, all for training. Labels are positions
 *   of classes in alphabetical order. `options.parts` are by default those that have files.
 * @throws InputError if there are no files of a part, or an image that is read now is damaged.
 */
export async function imagesFromFiles(
  info: DatasetInfo,
  files: Iterable<File | LabelledFile>,
  options: ImageSetOptions = {},
): Promise<AnyDataset> {
  const { brokenImages = 'stop', warn = () => {}, workers = cores(), imageSize } = options;
  const view = imageView(info, imageSize);
  const decode = takeTurns(workers, ({ file, view }: { file: File; view: View }) => decodeBitmap(file, view));
  const broken = new BrokenImages(brokenImages, warn, "brokenImages: 'skip'");
  const chosen = [...files];
  const given = chosen.filter((file): file is LabelledFile => 'className' in file);
  const others = chosen.filter((file): file is File => !('className' in file));
  const { labelled, ignored, missing } = await labelByFolder(others);
  const images = [...given, ...labelled];
  const parts = options.parts ?? PARTS.filter((part) => images.some((image) => partOf(image) === part));
  if (images.length === 0) {
    throw new InputError(
      `${info.name}: expected images (.jpg, .png, .webp) in a folder for each class, got ${chosen.length} other files`,
    );
  }
  for (const path of parts.includes('test') ? missing : []) {
    broken.report(path, 'no such file, though annotations name it');
  }
  const classNames = classesOf(info.name, images);
  const filesOf = (part: SplitName): ImageFiles => {
    const list = inTurn(images, part, classNames);
    return {
      where: `${info.name}, ${part}`,
      labels: list.map(({ label }) => label),
      name: (image) => nameOf(list[image]),
      decode: (image, shown) => decode({ file: list[image].file, view: shown }),
    };
  };
  const source = () => `${chosen.length} files (${describeImages(classNames.length, ignored, broken)})`;
  return readImageSet(info, { classNames, files: filesOf, view, broken, source }, { ...options, parts });
}

function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? USUAL_CORES;
}

function partOf({ part = 'train' }: LabelledFile): SplitName {
  return part;
}

function nameOf({ name, file }: LabelledFile): string {
  return name ?? file.name;
}

/** In alphabetical order; those of the training images, if there are any. */
function classesOf(dataset: string, images: readonly LabelledFile[]): string[] {
  const training = images.filter((image) => partOf(image) === 'train');
  const known = training.length > 0 ? training : images;
  const classes = [...new Set(known.map(({ className }) => className))].sort();
  checkClassCount(classes.length, dataset);
  return classes;
}

/** The images of a part: the first of every class, then the second of every class, and so on. */
function inTurn(
  images: readonly LabelledFile[],
  part: SplitName,
  classNames: readonly string[],
): (LabelledFile & { readonly label: number })[] {
  const labels = new Map(classNames.map((name, label) => [name, label]));
  const groups = classNames.map((): (LabelledFile & { label: number })[] => []);
  for (const image of images.filter((candidate) => partOf(candidate) === part)) {
    const label = labels.get(image.className);
    if (label === undefined) {
      throw new InputError(
        `${nameOf(image)}: expected one of the ${classNames.length} classes of the training images, got ${image.className}`,
      );
    }
    groups[label].push({ ...image, label });
  }
  for (const group of groups) group.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : Number(nameOf(a) > nameOf(b))));
  return interleave(groups);
}
