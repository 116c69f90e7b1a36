// Image files through the streaming loader, and the same files through sharp alone: the same parts of them, as many at once, in the same
// pool of threads. What sharp alone does not do: find out sizes, fill batches, upload.

import { join } from 'node:path';
import type { Sharp } from 'sharp';
import { folderIndex } from '../../data/folders/folder_cache.node.js';
import { imageView } from '../../data/folders/image_sets.js';
import {
  type AnyDataset,
  epochCropSeed,
  epochSamples,
  IMAGE_FOLDER,
  openImages,
  randomResizedCrop,
} from '../../data/index.node.js';
import { imageCropSeed } from '../../data/sampler.js';
import { takeTurns } from '../../data/take_turns.js';
import type { Device } from '../../device/index.js';
import { epochThroughLoader } from './loader_tasks.js';
import type { Measurement } from './timing.js';

/** Images of a measurement; the files of a smaller folder are read more than once. */
const IMAGES = 512;

export interface JpegFilesOptions {
  /** With `train/CLASS/*.jpg`. */
  readonly dir: string;
  /** Its images, decoded `threads` at a time. */
  readonly dataset: AnyDataset;
  readonly threads: number;
  readonly batchSize: number;
}

export interface JpegFiles {
  /** Images of a measurement. */
  readonly count: number;
  /** Random parts, as training shows them. */
  readonly training: { readonly loader: Measurement; readonly sharpAlone: Measurement };
  /** The centre of the resized image. */
  readonly evaluation: { readonly loader: Measurement; readonly sharpAlone: Measurement };
  dispose(): void;
}

export async function openJpegFiles(device: Device, options: JpegFilesOptions): Promise<JpegFiles> {
  const { dir, dataset, threads, batchSize } = options;
  const source = openImages(device, dataset.train, dataset, batchSize);
  const samples = samplesOf(dataset.train.count);
  const cropSeed = epochCropSeed(0, 0);
  const { paths } = (await folderIndex(dir)).train!;
  const images = Array.from({ length: IMAGES }, (_, i) => samples[2 * i]);
  const files = images.map((image) => ({ path: join(dir, paths[image]), seed: imageCropSeed(cropSeed, image) }));
  const { training, evaluation } = await sharpJobs(files, dataset.height, threads);
  const loader = (own?: number) => epochThroughLoader(device, source, batchSize, () => ({ samples, cropSeed: own }));
  return {
    count: IMAGES,
    training: { loader: loader(cropSeed), sharpAlone: training },
    evaluation: { loader: loader(), sharpAlone: evaluation },
    dispose: () => source.dispose(),
  };
}

/** As many as are timed, of one epoch after the other. */
function samplesOf(count: number): Uint32Array {
  const samples = new Uint32Array(2 * IMAGES);
  for (let at = 0, epoch = 0; at < samples.length; epoch++, at += 2 * count) {
    const own = epochSamples({ count, epoch, seed: 0, shuffle: true });
    samples.set(own.subarray(0, samples.length - at), at);
  }
  return samples;
}

/** Sizes are read before anything is timed, so that the random parts are known. */
async function sharpJobs(files: readonly { path: string; seed: number }[], size: number, threads: number) {
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  sharp.cache(false);
  const open = (path: string) => sharp(path, { failOn: 'error' }).autoOrient();
  const parts = await Promise.all(
    files.map(async ({ path, seed }) => {
      const { width, height } = (await open(path).metadata()).autoOrient;
      return { path, box: randomResizedCrop(width, height, seed) };
    }),
  );
  const { resize } = imageView({ ...IMAGE_FOLDER, height: size });
  const margin = Math.floor((resize - size) / 2);
  const centre = { left: margin, top: margin, width: size, height: size };
  const measure = (view: (part: (typeof parts)[number]) => Sharp): Measurement => {
    const decode = takeTurns(threads, (part: (typeof parts)[number]) =>
      view(part).toColourspace('srgb').removeAlpha().raw().toBuffer(),
    );
    return async () => {
      const start = performance.now();
      await Promise.all(parts.map(decode));
      return performance.now() - start;
    };
  };
  return {
    training: measure(({ path, box }) => open(path).extract(box).resize(size, size, { fit: 'fill', kernel: 'linear' })),
    evaluation: measure(({ path }) =>
      open(path).resize(resize, resize, { fit: 'cover', kernel: 'linear' }).extract(centre),
    ),
  };
}
