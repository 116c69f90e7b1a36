// The data room: formats, files in pages, the order of an epoch, batches assembled on the GPU. Browser-safe; index.node.ts adds disks.

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
export { type FetchFileOptions, fetchFile } from './fetch/fetch_file.js';
export { IMAGE_FOLDER, IMAGENET, TINY_IMAGENET } from './folders/folder_infos.js';
export type { ImageSetOptions } from './folders/image_sets.js';
export { CIFAR10, CIFAR100, parseCifar10, parseCifar100 } from './formats/cifar.js';
export { type IdxImages, parseIdxImages, parseIdxLabels } from './formats/idx.js';
export { MNIST, splitDigits } from './formats/mnist.js';
export { checkHoldOut, holdOut } from './hold_out.js';
export {
  freeBatch,
  type ImageBatch,
  type ImageSource,
  openImages,
  takeBatch,
  type UploadedBatch,
} from './image_source.js';
export { BROKEN_IMAGES, type BrokenImagesRule } from './images/broken_images.js';
export { type Box, randomResizedCrop } from './images/crop.js';
export { datasetInfo } from './infos.js';
export { datasetFromFiles } from './page/page_datasets.js';
export type { LabelledFile } from './page/page_folders.js';
export { imagesFromFiles } from './page/page_images.js';
export { ResidentImages } from './resident_images.js';
export { type BatchRange, batches, type EpochOptions, epochCropSeed, epochSamples } from './sampler.js';
export { type SplitStatistics, splitStatistics } from './statistics.js';
export { StreamedImages } from './streamed_images.js';
