// Every operation, one line each.

export {
  type AdamwHyper,
  type AdamwState,
  adamwCorrection,
  adamwHyper,
  adamwStep,
  type Moments,
} from './adamw/adamw.js';
export { add } from './add/add.js';
export { addBias } from './add_bias/add_bias.js';
export { avgPool2d, globalAvgPool2d } from './avg_pool2d/avg_pool2d.js';
export { type BatchNormOptions, batchNorm, type RunningStatistics } from './batch_norm/batch_norm.js';
export { type BlockConv2dOptions, blockConv2d } from './block_conv2d/block_conv2d.js';
export { BlockTables, type BlockTopology } from './block_conv2d/block_tables.js';
export { blockLinear } from './block_linear/block_linear.js';
export { cast } from './cast/cast.js';
export { checkOptions } from './check_options.js';
export { accumulateMetrics, type MetricTotals } from './classification_metrics/classification_metrics.js';
export { conv2d } from './conv2d/conv2d.js';
export type { Conv2dOptions } from './conv2d/geometry.js';
export { type CrossEntropyOptions, crossEntropy } from './cross_entropy/cross_entropy.js';
export { dropout } from './dropout/dropout.js';
export { groupEnergies } from './group_energies/group_energies.js';
export { gatherLabels, type ImageBatchOptions, imageBatch, packSample } from './image_batch/image_batch.js';
export { type KeepingWorthInput, keepingWorth } from './keeping_worth/keeping_worth.js';
export { activationType, forBatch, forType, runElementwise, runKernelOn } from './launch.js';
export { fromNCHW, toNCHW } from './layout/layout.js';
export { linear } from './linear/linear.js';
export {
  LOGGED_OVERFLOWS,
  type LossScaleState,
  OVERFLOW_WORDS,
  settleLossScale,
  unscaleGradient,
} from './loss_scale/loss_scale.js';
export { keepCommon, unpackBits } from './mask_bits/mask_bits.js';
export { type MaskWeightOptions, maskWeight } from './mask_weight/mask_weight.js';
export { matmul } from './matmul/matmul.js';
export { hasMatrixUnits } from './matrix_units/matrix_units.js';
export { maxPool2d } from './max_pool2d/max_pool2d.js';
export type { Pool2dOptions } from './max_pool2d/pool_geometry.js';
export { movingAverage } from './moving_average/moving_average.js';
export { mul } from './mul/mul.js';
export { max, mean, sum } from './reduce/reduce.js';
export { relu } from './relu/relu.js';
export { remapSlots } from './remap_slots/remap_slots.js';
export { flatten, reshape } from './reshape/reshape.js';
export { rowIntersections } from './row_intersections/row_intersections.js';
export { scale } from './scale/scale.js';
export { guardLoss, type SgdUpdate, sgdStep, sgdSteps } from './sgd/sgd.js';
export { sameTiles, type TileChoices, type Tiles, type Tiling, tileChoices } from './tiling/tiling.js';
export { dropSmallest, growLargest, type TopK } from './top_k/top_k.js';
