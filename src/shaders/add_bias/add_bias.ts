// One number a channel: x [C,...,N], bias [C].

import { needsGrad, record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { formatShape, type Shape, Tensor } from '../../tensor/index.js';
import { add_bias_forward } from '../../wgsl.generated.js';
import { activationType, forBatch, lanesOf, runKernelOn } from '../launch.js';
import { sumAsF32 } from '../reduce/reduce.js';

const forwardKernel = kernel(add_bias_forward);

/** The shape of x, which is that of the result. */
function addBiasShape(x: Shape, bias: Shape): Shape {
  if (bias.length !== 1 || bias[0] !== x[0]) {
    throw new Error(`addBias: expected a bias of [${x[0]}], got ${formatShape(bias)} (x ${formatShape(x)})`);
  }
  return x;
}

/** y[c, ...] = x[c, ...] + bias[c], in the type of x; bias is f32. The gradient of the bias is the sum over everything but the channel. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  const dtype = activationType('addBias', x);
  const y = Tensor.empty(x.device, addBiasShape(x.shape, bias.shape), dtype);
  const rowLength = x.size / x.shape[0];
  const tiled = forBatch(forwardKernel, rowLength, dtype);
  const count = x.size / lanesOf(rowLength);
  const params = { count, row_length: rowLength / lanesOf(rowLength) };
  runKernelOn(tiled, { x, bias, y }, params, Math.ceil(count / tiled.constant('WORKGROUP_SIZE')));
  return record('addBias', y, [x, bias], (gradOutput) => [
    needsGrad(x) ? gradOutput : undefined,
    needsGrad(bias) ? biasGradient(gradOutput) : undefined,
  ]);
}

/** The sum over everything but the first dimension, [C] of f32. */
export function biasGradient(gradOutput: Tensor): Tensor {
  const [channels] = gradOutput.shape;
  return sumAsF32(gradOutput.view([channels, gradOutput.size / channels]), 1);
}
