// One number a channel: x [C,...,N], bias [C].

import { needsGrad, record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { formatShape, type Shape, Tensor } from '../../tensor/index.js';
import { add_bias_forward } from '../../wgsl.generated.js';
import { forBatch, lanesOf, runKernelOn } from '../launch.js';
import { sum } from '../reduce/reduce.js';

const forwardKernel = kernel(add_bias_forward);

function addBiasShape(x: Shape, bias: Shape): Shape {
  if (bias.length !== 1 || bias[0] !== x[0]) {
    throw new Error(`addBias: expected a bias of [${x[0]}], got ${formatShape(bias)} (x ${formatShape(x)})`);
  }
  return x;
}

/** y[c, ...] = x[c, ...] + bias[c]. The gradient of the bias is the sum over everything but the channel. */
export function addBias(x: Tensor, bias: Tensor): Tensor {
  const y = Tensor.empty(x.device, addBiasShape(x.shape, bias.shape));
  const rowLength = x.size / x.shape[0];
  const tiled = forBatch(forwardKernel, rowLength);
  const count = x.size / lanesOf(rowLength);
  const params = { count, row_length: rowLength / lanesOf(rowLength) };
  runKernelOn(tiled, { x, bias, y }, params, Math.ceil(count / tiled.constant('WORKGROUP_SIZE')));
  return record('addBias', y, [x, bias], (gradOutput) => [
    needsGrad(x) ? gradOutput : undefined,
    needsGrad(bias) ? sum(gradOutput.view([x.shape[0], rowLength]), 1) : undefined,
  ]);
}
