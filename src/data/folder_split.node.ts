// One part of a data set of image files: its labels, and its images when they are asked for.

import { join } from 'node:path';
import type { Device } from '../device/index.js';
import type { BrokenImages } from './broken_images.node.js';
import type { DatasetInfo, ImageSplit, StreamedSplit } from './dataset.js';
import { BrokenImageError } from './decode.node.js';
import type { Decoder } from './decoder.node.js';
import type { ImageList } from './folder_index.node.js';
import type { ImageSource } from './image_source.js';
import { StreamedImages } from './streamed_images.js';

export interface FolderPart {
  readonly dir: string;
  readonly list: ImageList;
  /** Height and width of images, in pixels. */
  readonly size: number;
  /** See `DecodeJob`. */
  readonly resize: number;
  readonly decoder: Decoder;
  readonly broken: BrokenImages;
}

/** More than a machine has threads, so that none of them waits. */
const READ_AT_ONCE = 256;

export class FolderSplit implements StreamedSplit {
  readonly labels: Uint16Array;

  constructor(
    private readonly part: FolderPart,
    readonly count = part.list.paths.length,
  ) {
    this.labels = Uint16Array.from(part.list.labels.slice(0, count));
  }

  first(count: number): FolderSplit {
    return new FolderSplit(this.part, Math.min(count, this.count));
  }

  open(device: Device, dataset: DatasetInfo, batchSize: number): ImageSource {
    return new StreamedImages(device, this.labels, dataset, batchSize, this.read);
  }

  /** Whole and undamaged images, all in memory. @param onImage called after each. */
  async readAll(onImage: () => void = () => {}): Promise<ImageSplit> {
    const { size } = this.part;
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
    const { dir, list, size, resize, decoder, broken } = this.part;
    const path = join(dir, list.paths[image]);
    try {
      target.set(await decoder.decode({ path, size, resize, cropSeed }));
      return true;
    } catch (error) {
      if (!(error instanceof BrokenImageError)) throw error;
      broken.report(path, error.message);
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
