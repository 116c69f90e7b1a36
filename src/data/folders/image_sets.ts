// Data sets of image files, on a disk or in a page: small ones are decoded once and stay in memory, large ones and those with random
// crops are streamed.

import { InputError } from '../../device/index.js';
import {
  type AnyDataset,
  type AnySplit,
  checkLimit,
  type DatasetInfo,
  EMPTY_SPLIT,
  firstImages,
  type LoadOptions,
  type SplitName,
} from '../dataset.js';
import type { BrokenImages, BrokenImagesRule } from '../images/broken_images.js';
import type { View } from '../images/crop.js';
import { DecodedSplit, type ImageFiles } from '../images/decoded_split.js';

export interface ImageSetOptions extends LoadOptions {
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

/** @throws InputError if there can be no images of that size. */
export function imageView({ height, augmentation }: DatasetInfo, imageSize = height): View {
  if (!Number.isInteger(imageSize) || imageSize < 1 || imageSize > LARGEST_SIZE) {
    throw new InputError(`image size: expected a whole number from 1 to ${LARGEST_SIZE}, got ${imageSize}`);
  }
  return { size: imageSize, resize: augmentation.resizedCrop ? Math.round(imageSize * RESIZE_RATIO) : imageSize };
}

/** @throws InputError if images of another size were asked for than a set of images of one size has. */
export function checkImageSize({ name, height }: DatasetInfo, imageSize = height): void {
  if (imageSize !== height) throw new InputError(`image size: expected ${height}, that of ${name}, got ${imageSize}`);
}

export interface ImageSet {
  readonly classNames: readonly string[];
  /** @throws InputError if that part is not there. */
  readonly files: (part: SplitName) => ImageFiles;
  readonly view: View;
  readonly broken: BrokenImages;
  /** Where the images come from; asked for when all that are read now have been. */
  readonly source: () => string;
}

/** @throws InputError if a part that was asked for has no image, or an image that is read now is damaged and not to be left out. */
export async function readImageSet(
  info: DatasetInfo,
  { classNames, files, view, broken, source }: ImageSet,
  { parts = ['train', 'test'], limit = {}, onRead = () => {} }: ImageSetOptions,
): Promise<AnyDataset> {
  const { resizedCrop: isCropped = false } = info.augmentation;
  const splits: Record<SplitName, AnySplit> = { train: EMPTY_SPLIT, test: EMPTY_SPLIT };
  for (const part of parts) {
    const most = checkLimit(limit[part]);
    const own = files(part);
    const whole = new DecodedSplit(own, view, broken);
    const split = most < whole.count ? whole.pick(firstImages(most)) : whole;
    const isFixed = part === 'test' || !isCropped;
    const isResident = isFixed && split.count * 3 * view.size ** 2 <= MOST_RESIDENT_BYTES;
    let done = 0;
    splits[part] = isResident ? await split.readAll(() => onRead(++done, split.count)) : split;
    if (splits[part].count === 0) throw new InputError(`${own.where}: expected an image, got none`);
  }
  const size = { classes: classNames.length, height: view.size, width: view.size };
  return { ...info, ...size, ...splits, classNames, source: source() };
}

/** What is said of the images beside where they are. */
export function describeImages(classes: number, ignored: number, { count: damaged }: BrokenImages): string {
  const notes = [`${classes} classes`];
  if (ignored > 0) notes.push(`${ignored} other files ignored`);
  if (damaged > 0) notes.push(`${damaged} damaged images left out`);
  return notes.join(', ');
}
