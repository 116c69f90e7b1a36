// The data room in Node: the same, and the loaders of files.

export { BROKEN_IMAGES, type BrokenImagesRule } from './broken_images.node.js';
export { loadCifar10, loadCifar100 } from './cifar.node.js';
export { type FolderOptions, loadFolder } from './folders.node.js';
export * from './index.js';
export { loadMnist } from './mnist.node.js';
export { DATASET_NAMES, type LoadDatasetOptions, loadDataset } from './registry.node.js';
