// Labelled images as bytes, and what a training run must know about their data set. Browser-safe: no file is read here.

import { type Device, InputError } from '../device/index.js';
import type { ImageSource } from './image_source.js';

export type SplitName = 'train' | 'test';

export interface ImageSplit {
  /** [count, channels, height, width], channels in the order red, green, blue. */
  readonly images: Uint8Array;
  /** [count], each below the data set's number of classes. */
  readonly labels: Uint8Array | Uint16Array;
  readonly count: number;
}

/**
 * Decodes one image into `target`, u8 [H, W, C]; resolves to false if it is damaged and to be left out, rejects if it is to end the run.
 * @param cropSeed of its random part; shown as in evaluation without.
 */
export type ReadImage = (image: number, target: Uint8Array, cropSeed?: number) => Promise<boolean>;

/** Images that are decoded when they are needed. */
export interface StreamedSplit {
  readonly labels: Uint8Array | Uint16Array;
  readonly count: number;
  readonly read: ReadImage;
  /** The images of these indices, in that order. */
  pick(images: Uint32Array): StreamedSplit;
  /** @param batchSize of most requests: the source decodes two such batches ahead. */
  open(device: Device, dataset: DatasetInfo, batchSize: number): ImageSource;
}

export type AnySplit = ImageSplit | StreamedSplit;

export const EMPTY_SPLIT: ImageSplit = { images: new Uint8Array(0), labels: new Uint8Array(0), count: 0 };

/** The random changes of `--augment standard`: a crop of the image padded with black on every side, and a mirrored half. */
export interface Augmentation {
  /** In pixels, on each side. */
  readonly padding: number;
  readonly flip: boolean;
  /** Most degrees that an image is turned by, either way. */
  readonly rotation?: number;
  /** Shows a random part of the image, resized, as `randomResizedCrop` draws it; instead of the padded crop. */
  readonly resizedCrop?: boolean;
}

/** What is known of a data set before any of its files is read. */
export interface DatasetInfo {
  readonly name: string;
  /** Number of classes. */
  readonly classes: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Of each channel, for pixels in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly augmentation: Augmentation;
}

export interface ImageDataset<Split extends AnySplit = ImageSplit> extends DatasetInfo {
  /** Empty (count 0) if it was not asked for. */
  readonly train: Split;
  readonly test: Split;
  /** Where the images come from, for the log of the run. */
  readonly source: string;
  /** By label, where classes have names. */
  readonly classNames?: readonly string[];
}

/** A data set whose images are in memory or streamed. */
export type AnyDataset = ImageDataset<AnySplit>;

/** The unpacked contents of the file of that name, and where it was found. @throws InputError if it is missing or damaged. */
export type ReadDataFile = (name: string) => Promise<{ readonly where: string; readonly bytes: Uint8Array }>;

/** Of such a file, if it is packed: the largest of the known sets, CIFAR-100's training images, takes 147 MiB. */
export const MOST_FILE_BYTES = 256 * 2 ** 20;

export interface LoadOptions {
  /** Default: both. */
  readonly parts?: readonly SplitName[];
  /** At most so many images of a part, its first ones. Default: all. */
  readonly limit?: Readonly<Partial<Record<SplitName, number>>>;
}

/**
 * The first `count` records (all, if there are fewer), as views.
 * @throws InputError unless `count` is a positive integer.
 */
export function limitSplit(split: ImageSplit, count?: number): ImageSplit;
export function limitSplit(split: AnySplit, count?: number): AnySplit;
export function limitSplit(split: AnySplit, limit?: number): AnySplit {
  const count = checkLimit(limit);
  if (count >= split.count) return split;
  if (!('images' in split)) return split.pick(firstImages(count));
  const imageBytes = split.images.length / split.count;
  return { images: split.images.subarray(0, count * imageBytes), labels: split.labels.subarray(0, count), count };
}

/** @throws InputError unless `count` is a positive integer, or infinity: no limit. */
export function checkLimit(count = Infinity): number {
  if (count >= 1 && (Number.isInteger(count) || count === Infinity)) return count;
  throw new InputError(`limit: expected a positive whole number of images, got ${count}`);
}

/** The indices of the first `count` images of a split. */
export function firstImages(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, image) => image);
}

/** The images of these indices, in that order; those in memory are copied. */
export function pickImages(split: AnySplit, images: Uint32Array): AnySplit {
  if (!('images' in split)) return split.pick(images);
  const imageBytes = split.images.length / split.count;
  const bytes = new Uint8Array(images.length * imageBytes);
  const labels = split.labels.slice(0, images.length);
  images.forEach((image, place) => {
    bytes.set(split.images.subarray(image * imageBytes, (image + 1) * imageBytes), place * imageBytes);
    labels[place] = split.labels[image];
  });
  return { images: bytes, labels, count: images.length };
}

/** The records of all these splits, in order. */
export function concatSplits(splits: readonly ImageSplit[]): ImageSplit {
  if (splits.length === 1) return splits[0];
  const count = splits.reduce((sum, split) => sum + split.count, 0);
  const images = new Uint8Array(splits.reduce((sum, split) => sum + split.images.length, 0));
  const labels = splits.every((split) => split.labels instanceof Uint8Array)
    ? new Uint8Array(count)
    : new Uint16Array(count);
  let record = 0;
  let byte = 0;
  for (const split of splits) {
    images.set(split.images, byte);
    labels.set(split.labels, record);
    byte += split.images.length;
    record += split.count;
  }
  return { images, labels, count };
}

/**
 * The data set with the parts asked for; the others stay empty.
 * @param load reads one part; it may return more than `limit` images, but need not read what lies beyond.
 */
export async function assembleDataset(
  info: DatasetInfo,
  source: string,
  { parts = ['train', 'test'], limit = {} }: LoadOptions,
  load: (part: SplitName, limit: number | undefined) => Promise<ImageSplit>,
): Promise<ImageDataset> {
  const splits = { train: EMPTY_SPLIT, test: EMPTY_SPLIT };
  for (const part of parts) splits[part] = limitSplit(await load(part, limit[part]), limit[part]);
  return { ...info, ...splits, source };
}

/** @throws InputError naming the first record whose label is not below `classes`. */
export function checkLabels(labels: Uint8Array | Uint16Array, classes: number, where: string, what = 'label'): void {
  const record = labels.findIndex((label: number) => label >= classes);
  if (record >= 0) {
    throw new InputError(
      `${where}: expected every ${what} below ${classes}, got ${labels[record]} in record ${record} (counted from 0)`,
    );
  }
}
