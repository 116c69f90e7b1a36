// The data room in Node: the same, and the loaders of files.

export { loadCifar10, loadCifar100 } from './cifar.node.js';
export { loadFolder } from './folders.node.js';
export * from './index.js';
export { loadMnist } from './mnist.node.js';
export { DATASET_NAMES, type LoadDatasetOptions, loadDataset } from './registry.node.js';
