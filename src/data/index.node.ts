// The data room in Node: the same, and the loaders of files.

export { FETCHABLE_NAMES } from './fetch/archives.js';
export type { FetchOptions } from './fetch/fetch.node.js';
export { loadFolder } from './folders/folders.node.js';
export { loadCifar10, loadCifar100 } from './formats/cifar.node.js';
export { loadMnist } from './formats/mnist.node.js';
export * from './index.js';
export { DATASET_NAMES, fetchDataset, type LoadDatasetOptions, loadDataset } from './registry.node.js';
