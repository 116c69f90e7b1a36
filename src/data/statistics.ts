// What is to be known of the images of a split before training on them: how many there are of each class, and how bright they are.

import type { AnySplit, DatasetInfo } from './dataset.js';

export interface SplitStatistics {
  /** Images of each class that could be decoded. */
  readonly classCounts: readonly number[];
  /** Of each channel over all pixels, for pixels in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Standard deviation within an image, averaged over images: what the customary constants of CIFAR-10 are. */
  readonly stdWithin: readonly number[];
}

/** Sums over images, of each channel. */
class ChannelSums {
  images = 0;
  private readonly mean: Float64Array;
  private readonly square: Float64Array;
  private readonly std: Float64Array;

  constructor(private readonly channels: number) {
    this.mean = new Float64Array(channels);
    this.square = new Float64Array(channels);
    this.std = new Float64Array(channels);
  }

  /** @param isInterleaved whether `bytes` are [H,W,C] rather than [C,H,W]. */
  add(bytes: Uint8Array, isInterleaved: boolean): void {
    const { channels } = this;
    const pixels = bytes.length / channels;
    const [channelStride, pixelStride] = isInterleaved ? [1, channels] : [pixels, 1];
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      let squares = 0;
      for (let pixel = 0; pixel < pixels; pixel++) {
        const byte = bytes[channel * channelStride + pixel * pixelStride];
        sum += byte;
        squares += byte * byte;
      }
      const mean = sum / pixels / 255;
      const square = squares / pixels / 255 ** 2;
      this.mean[channel] += mean;
      this.square[channel] += square;
      this.std[channel] += Math.sqrt(Math.max(square - mean ** 2, 0));
    }
    this.images++;
  }

  result(): Omit<SplitStatistics, 'classCounts'> {
    const { images } = this;
    const mean = Array.from(this.mean, (sum) => sum / images);
    const std = mean.map((value, channel) => Math.sqrt(Math.max(this.square[channel] / images - value ** 2, 0)));
    return { mean, std, stdWithin: Array.from(this.std, (sum) => sum / images) };
  }
}

/** Images that are read at the same time. */
const READ_AT_ONCE = 64;

/**
 * Looks at every image of a split, as evaluation shows it. Damaged ones are left out, or end it: see `ImageSetOptions.brokenImages`.
 * @param onImages told how many images have been looked at.
 */
export async function splitStatistics(
  split: AnySplit,
  { classes, channels, height, width }: DatasetInfo,
  onImages: (done: number) => void = () => {},
): Promise<SplitStatistics> {
  const classCounts = new Array<number>(classes).fill(0);
  const sums = new ChannelSums(channels);
  const imageBytes = channels * height * width;
  const isStreamed = !('images' in split);
  const read = async (image: number): Promise<Uint8Array | undefined> => {
    if (!isStreamed) return split.images.subarray(image * imageBytes, (image + 1) * imageBytes);
    const target = new Uint8Array(imageBytes);
    return (await split.read(image, target)) ? target : undefined;
  };
  for (let first = 0; first < split.count; first += READ_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(READ_AT_ONCE, split.count - first) }, (_, i) => first + i);
    for (const [i, bytes] of (await Promise.all(numbers.map(read))).entries()) {
      if (!bytes) continue;
      classCounts[split.labels[first + i]]++;
      sums.add(bytes, isStreamed);
    }
    onImages(first + numbers.length);
  }
  return { classCounts, ...sums.result() };
}
