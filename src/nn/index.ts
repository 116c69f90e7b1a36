// Modules: what networks are made of, and the three forms of a layer's weight.
export { BatchNorm } from './batch_norm.js';
export { BlockWeight } from './block_weight.js';
export { Dropout } from './dropout.js';
export { type Initializer, kaimingNormalFanOut, kaimingUniform, zeros } from './initialization.js';
export { labelParts } from './label_parts.js';
export {
  Conv2d,
  type Conv2dLayerOptions,
  type LayerContext,
  type LayerOptions,
  Linear,
  SparsifiableLayer,
} from './layer.js';
export { MaskedWeight } from './masked_weight.js';
export { type Mode, Module, Statistic } from './module.js';
export { Sequential } from './sequential.js';
export { nonstructured, type SparseForm, shuffledBlocks } from './sparse_form.js';
export { type FormOf, type SparsifyOptions, sparsifiableLayers, sparsify } from './sparsify.js';
export { AvgPool2d, Flatten, GlobalAvgPool2d, Identity, MaxPool2d, ReLU } from './stateless.js';
export { watchOutputs } from './watch_outputs.js';
export { DenseWeight, type SparseWeight, type Weight } from './weight.js';
export { WeightBudget } from './weight_budget.js';
