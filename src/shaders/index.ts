// Every operation, one line each.
export { add } from './add/add.js';
export { addBias } from './add_bias/add_bias.js';
export { avgPool2d, globalAvgPool2d } from './avg_pool2d/avg_pool2d.js';
export { type BatchNormOptions, batchNorm, type RunningStatistics } from './batch_norm/batch_norm.js';
export { type BlockConv2dOptions, blockConv2d } from './block_conv2d/block_conv2d.js';
export { BlockTables, type BlockTopology } from './block_conv2d/block_tables.js';
export { blockLinear } from './block_linear/block_linear.js';
export { conv2d } from './conv2d/conv2d.js';
export type { Conv2dOptions } from './conv2d/geometry.js';
export { linear } from './linear/linear.js';
export { matmul } from './matmul/matmul.js';
export { maxPool2d } from './max_pool2d/max_pool2d.js';
export type { Pool2dOptions } from './max_pool2d/pool_geometry.js';
export { mul } from './mul/mul.js';
export { max, mean, sum } from './reduce/reduce.js';
export { relu } from './relu/relu.js';
export { flatten, reshape } from './reshape/reshape.js';
export { scale } from './scale/scale.js';
