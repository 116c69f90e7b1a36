// Two-dimensional maximum pooling, as PyTorch's max_pool2d in floor mode: x [C,H,W,N] -> y [C,OH,OW,N].

import { record } from '../../autograd/index.js';
import { type Kernel, kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { max_pool2d_forward, max_pool2d_grad_input } from '../../wgsl.generated.js';
import { activationType, forBatch, lanesOf, runKernelOn } from '../launch.js';
import { type Pool2dOptions, type PoolGeometry, pool2dGeometry } from './pool_geometry.js';

const forwardKernel = kernel(max_pool2d_forward);
const gradInputKernel = kernel(max_pool2d_grad_input);

/** Of one element of the result: they share the divisions that find it. */
const VECS_PER_THREAD = 4;

/**
 * y[c, oy, ox, n] = maximum of x[c, oy*stride - padding + ky, ox*stride - padding + kx, n] over ky, kx < kernel, the border
 * left out. NaN if the window holds one. Its gradient goes to the first maximal element (a NaN: the last), row by row.
 */
export function maxPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  const geometry = pool2dGeometry('maxPool2d', x.shape, options);
  const dtype = activationType('maxPool2d', x);
  const y = Tensor.empty(x.device, geometry.outShape, dtype);
  const taps = Tensor.empty(x.device, geometry.outShape, 'u32');
  overVecs(forwardKernel, { x, y, taps }, y, geometry);
  return record({ name: 'maxPool2d', attributes: geometry }, y, [x], (gradOutput) => {
    const gradInput = Tensor.empty(x.device, x.shape, dtype);
    overVecs(gradInputKernel, { grad_output: gradOutput, taps, grad_input: gradInput }, gradInput, geometry);
    return [gradInput];
  });
}

/** Launches a kernel over the Vecs of `result`. */
function overVecs(
  base: Kernel,
  tensors: Readonly<Record<string, Tensor>>,
  result: Tensor,
  geometry: PoolGeometry,
): void {
  const [channels, height, width, batchSize] = result.shape;
  const lanes = lanesOf(batchSize);
  const batched = forBatch(base, batchSize, activationType('maxPool2d', result));
  const tiled = lanes === 1 ? batched.with({ Taps: 'u32' }) : batched;
  const batch = batchSize / lanes;
  const batchThreads = Math.ceil(batch / VECS_PER_THREAD);
  const count = channels * height * width * batchThreads;
  const params = {
    count,
    batch,
    batch_threads: batchThreads,
    height: geometry.height,
    width: geometry.width,
    out_height: geometry.outHeight,
    out_width: geometry.outWidth,
    kernel_size: geometry.kernel,
    stride: geometry.stride,
    padding: geometry.padding,
  };
  runKernelOn(tiled, tensors, params, Math.ceil(count / tiled.constant('WORKGROUP_SIZE')));
}
