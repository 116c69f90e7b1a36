// One number a channel: x [C,...,N], bias [C].

import { needsGrad, record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { add_bias_forward } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { activationType, forBatch, lanesOf, runKernelOn } from '../launch.js';
import { sumAsF32 } from '../reduce/reduce.js';

const forwardKernel = kernel(add_bias_forward);

/** y[c, ...] = x[c, ...] + bias[c], in the type of x; bias is f32. The gradient of the bias is the sum over everything but the channel. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  const dtype = activationType('addBias', x);
  checkTensor('addBias', 'bias', bias, 'f32', [x.shape[0]]);
  const y = Tensor.empty(x.device, x.shape, dtype);
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
