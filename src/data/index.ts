// The data room: formats, files in pages, the order of an epoch, batches assembled on the GPU. Browser-safe; index.node.ts adds disks.
export { BROKEN_IMAGES, type BrokenImagesRule } from './broken_images.js';
export { CIFAR10, CIFAR100, parseCifar10, parseCifar100 } from './cifar.js';
export { type Box, randomResizedCrop } from './crop.js';
export {
  type AnyDataset,
  type AnySplit,
  type Augmentation,
  concatSplits,
  type DatasetInfo,
  type ImageDataset,
  type ImageSplit,
  type LoadOptions,
  limitSplit,
  type ReadImage,
  type SplitName,
  type StreamedSplit,
} from './dataset.js';
export { type FetchFileOptions, fetchFile } from './fetch_file.js';
export { IMAGE_FOLDER, IMAGENET, TINY_IMAGENET } from './folder_infos.js';
export { type IdxImages, parseIdxImages, parseIdxLabels } from './idx.js';
export type { ImageSetOptions } from './image_sets.js';
export {
  freeBatch,
  type ImageBatch,
  type ImageSource,
  openImages,
  takeBatch,
  type UploadedBatch,
} from './image_source.js';
export { datasetInfo } from './infos.js';
export { MNIST, splitDigits } from './mnist.js';
export { datasetFromFiles } from './page_datasets.js';
export type { LabelledFile } from './page_folders.js';
export { imagesFromFiles } from './page_images.js';
export { ResidentImages } from './resident_images.js';
export { type BatchRange, batches, type EpochOptions, epochCropSeed, epochSamples } from './sampler.js';
export { type SplitStatistics, splitStatistics } from './statistics.js';
export { StreamedImages } from './streamed_images.js';
