// The data room: formats, the order of an epoch, batches assembled on the GPU. Browser-safe; index.node.ts adds files.
export { CIFAR10, CIFAR100, parseCifar10, parseCifar100 } from './cifar.js';
export {
  type Augmentation,
  concatSplits,
  type DatasetInfo,
  type ImageDataset,
  type ImageSplit,
  type LoadOptions,
  limitSplit,
  type SplitName,
} from './dataset.js';
export { type IdxImages, parseIdxImages, parseIdxLabels } from './idx.js';
export { datasetInfo } from './infos.js';
export { MNIST, splitDigits } from './mnist.js';
export { type ImageBatch, ResidentImages } from './resident_images.js';
export { type BatchRange, batches, type EpochOptions, epochSamples } from './sampler.js';
