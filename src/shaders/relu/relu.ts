// Rectified linear unit.

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { relu_forward, relu_grad_input } from '../../wgsl.generated.js';
import { activationType, forType, runElementwise } from '../launch.js';

const forwardKernel = kernel(relu_forward);
const gradInputKernel = kernel(relu_grad_input);

/** y = max(x, 0), any shape. Gradient: grad_x = grad_y where y > 0, and 0 at x = 0 as in PyTorch. */
export function relu(x: Tensor): Tensor {
  const dtype = activationType('relu', x);
  const y = Tensor.empty(x.device, x.shape, dtype);
  runElementwise(forType(forwardKernel, dtype), { x, y }, x.size);
  return record('relu', y, [x], (gradOutput) => [reluGradInput(y, gradOutput)]);
}

/** The gradient of what a ReLU was given, from what came out of it. */
export function reluGradInput(y: Tensor, gradOutput: Tensor): Tensor {
  const dtype = activationType('relu', y, gradOutput);
  const gradInput = Tensor.empty(y.device, y.shape, dtype);
  runElementwise(forType(gradInputKernel, dtype), { y, grad_output: gradOutput, grad_input: gradInput }, y.size);
  return gradInput;
}
