// Two-dimensional average pooling, as PyTorch's avg_pool2d in floor mode with count_include_pad: x [C,H,W,N] -> y [C,OH,OW,N].

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { formatShape, Tensor } from '../../tensor/index.js';
import { avg_pool2d_gather } from '../../wgsl.generated.js';
import { activationType, forBatch, lanesOf, runKernelOn } from '../launch.js';
import { type Pool2dOptions, pool2dGeometry } from '../max_pool2d/pool_geometry.js';
import { mean } from '../reduce/reduce.js';
import { reshape } from '../reshape/reshape.js';

const gatherKernel = kernel(avg_pool2d_gather);

/**
 * y[c, oy, ox, n] = mean of x[c, oy*stride - padding + ky, ox*stride - padding + kx, n] over ky, kx < kernel, where the border
 * counts as zeros.
 */
export function avgPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  const { kernel: size, stride, padding, outShape } = pool2dGeometry('avgPool2d', x.shape, options);
  const factor = 1 / size ** 2;
  const dtype = activationType('avgPool2d', x);
  const y = Tensor.empty(x.device, outShape, dtype);
  gather(x, y, { up: stride, down: 1, first: -padding, last: size - 1 - padding, factor });
  return record({ name: 'avgPool2d', attributes: { kernel: size, stride, padding } }, y, [x], (gradOutput) => {
    const gradInput = Tensor.empty(x.device, x.shape, dtype);
    gather(gradOutput, gradInput, { up: 1, down: stride, first: padding - size + 1, last: padding, factor });
    return [gradInput];
  });
}

/** Mean of each channel over its pixels: x [C,H,W,N] -> [C,N]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  if (x.shape.length !== 4) throw new Error(`globalAvgPool2d: expected x [C,H,W,N], got ${formatShape(x.shape)}`);
  const [channels, height, width, batch] = x.shape;
  return mean(reshape(x, [channels, height * width, batch]), 1);
}

function gather(x: Tensor, y: Tensor, rectangle: Readonly<Record<string, number>>): void {
  const batchSize = x.shape[3];
  const lanes = lanesOf(batchSize);
  const tiled = forBatch(gatherKernel, batchSize, activationType('avgPool2d', y));
  const count = y.size / lanes;
  const params = {
    count,
    batch: batchSize / lanes,
    height: x.shape[1],
    width: x.shape[2],
    out_height: y.shape[1],
    out_width: y.shape[2],
    ...rectangle,
  };
  runKernelOn(tiled, { x, y }, params, Math.ceil(count / tiled.constant('WORKGROUP_SIZE')));
}
