// Unstructured sparsity: a dense weight of which a mask keeps some entries, as in RigL (Evci et al. 2020) and SET.

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { mask_weight_forward } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise } from '../launch.js';

const forwardKernel = kernel(mask_weight_forward);

export interface MaskWeightOptions {
  /** Called in the backward pass with the gradient before masking: growth scores. It is freed afterwards: to retain it, `keep(gradient.view(gradient.shape))`. */
  readonly onDenseGradient?: (gradient: Tensor) => void;
}

/**
 * weight where mask is 1, exactly 0 where it is 0, whatever stands there; any shape.
 * Gradient: that of the result where mask is 1, exactly 0 elsewhere.
 * @param mask u8, of the shape of `weight`; must not change before the backward pass.
 */
export function maskWeight(weight: Tensor, mask: Tensor, options: MaskWeightOptions = {}): Tensor {
  checkTensor('maskWeight', 'weight', weight, 'f32', weight.shape);
  checkTensor('maskWeight', 'mask', mask, 'u8', weight.shape);
  return record('maskWeight', masked(weight, mask), [weight], (gradOutput) => {
    options.onDenseGradient?.(gradOutput);
    return [masked(gradOutput, mask)];
  });
}

function masked(x: Tensor, mask: Tensor): Tensor {
  const y = Tensor.empty(x.device, x.shape);
  runElementwise(forwardKernel, { x, mask, y }, x.size);
  return y;
}
