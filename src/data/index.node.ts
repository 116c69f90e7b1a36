// The data room in Node: the same, and the loaders of files.

export { FETCHABLE_NAMES } from './archives.js';
export { loadCifar10, loadCifar100 } from './cifar.node.js';
export type { FetchOptions } from './fetch.node.js';
export { loadFolder } from './folders.node.js';
export * from './index.js';
export { loadMnist } from './mnist.node.js';
export { DATASET_NAMES, fetchDataset, type LoadDatasetOptions, loadDataset } from './registry.node.js';
