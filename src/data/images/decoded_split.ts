// One part of a data set of image files: its labels, and its images when they are asked for.

import type { Device } from '../../device/index.js';
import type { DatasetInfo, ImageSplit, StreamedSplit } from '../dataset.js';
import type { ImageSource } from '../image_source.js';
import { StreamedImages } from '../streamed_images.js';
import { BrokenImageError, type BrokenImages } from './broken_images.js';
import type { View } from './crop.js';

export interface ImageFiles {
  /** Of all images, for messages. */
  readonly where: string;
  readonly labels: readonly number[];
  /** Of an image, for messages. */
  readonly name: (image: number) => string;
  /** u8 [size, size, 3]. @throws BrokenImageError if there is no whole image in the file. */
  readonly decode: (image: number, view: View) => Promise<Uint8Array>;
}

/** More than a machine has threads, so that none of them waits. */
const READ_AT_ONCE = 256;

export class DecodedSplit implements StreamedSplit {
  readonly labels: Uint16Array;
  readonly count: number;

  constructor(
    private readonly files: ImageFiles,
    /** Size and resizing of every image. */
    private readonly view: View,
    private readonly broken: BrokenImages,
  ) {
    this.labels = Uint16Array.from(files.labels);
    this.count = files.labels.length;
  }

  pick(images: Uint32Array): DecodedSplit {
    const { where, labels, name, decode } = this.files;
    const files: ImageFiles = {
      where,
      labels: Array.from(images, (image) => labels[image]),
      name: (place) => name(images[place]),
      decode: (place, view) => decode(images[place], view),
    };
    return new DecodedSplit(files, this.view, this.broken);
  }

  open(device: Device, dataset: DatasetInfo, batchSize: number): ImageSource {
    return new StreamedImages(device, this.labels, dataset, batchSize, this.read);
  }

  /** Whole and undamaged images, all in memory. @param onImage called after each. */
  async readAll(onImage: () => void = () => {}): Promise<ImageSplit> {
    const { size } = this.view;
    const imageBytes = 3 * size * size;
    const pixels = new Uint8Array(this.count * imageBytes);
    const isWhole = new Array<boolean>(this.count).fill(false);
    let next = 0;
    const readOneByOne = async () => {
      const target = new Uint8Array(imageBytes);
      while (next < this.count) {
        const image = next++;
        isWhole[image] = await this.read(image, target).catch((error) => {
          // The others need not go on.
          next = this.count;
          throw error;
        });
        if (isWhole[image]) separateChannels(target, pixels.subarray(image * imageBytes, (image + 1) * imageBytes));
        onImage();
      }
    };
    await Promise.all(Array.from({ length: READ_AT_ONCE }, readOneByOne));
    return withoutGaps({ images: pixels, labels: this.labels, count: this.count }, isWhole);
  }

  /** Whether u8 [size, size, 3] could be read into `target`. @throws InputError if not, and damaged images are not left out. */
  readonly read = async (image: number, target: Uint8Array, cropSeed?: number): Promise<boolean> => {
    try {
      target.set(await this.files.decode(image, { ...this.view, cropSeed }));
      return true;
    } catch (error) {
      if (!(error instanceof BrokenImageError)) throw error;
      this.broken.report(this.files.name(image), error.message);
      return false;
    }
  };
}

/** From [pixels, 3] to [3, pixels]. */
function separateChannels(interleaved: Uint8Array, planes: Uint8Array): void {
  const pixels = interleaved.length / 3;
  for (let pixel = 0; pixel < pixels; pixel++) {
    planes[pixel] = interleaved[3 * pixel];
    planes[pixels + pixel] = interleaved[3 * pixel + 1];
    planes[2 * pixels + pixel] = interleaved[3 * pixel + 2];
  }
}

/** The images that could be read, moved together in place. */
function withoutGaps({ images, labels, count }: ImageSplit, isWhole: readonly boolean[]): ImageSplit {
  const imageBytes = images.length / count;
  const kept = labels.filter((_, image) => isWhole[image]);
  let place = 0;
  for (let image = 0; image < count; image++) {
    if (!isWhole[image]) continue;
    if (place !== image) images.copyWithin(place * imageBytes, image * imageBytes, (image + 1) * imageBytes);
    place++;
  }
  return { images: images.subarray(0, place * imageBytes), labels: kept, count: place };
}
