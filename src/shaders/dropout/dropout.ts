// Dropout (Srivastava et al. 2014), inverted as in PyTorch: evaluation needs no scaling.

import { noteRecipe, record, withValuesOf } from '../../autograd/index.js';
import { InputError, kernel } from '../../device/index.js';
import { formatShape, Tensor } from '../../tensor/index.js';
import { dropout_forward } from '../../wgsl.generated.js';
import { activationType, forType, runElementwise } from '../launch.js';

const forwardKernel = kernel(dropout_forward);

/**
 * y = x / (1 - probability) where an element is kept, which happens with 1 - probability, and 0 elsewhere; any shape.
 * The mask is a function of the element's index, `random` and `stream`, so nothing is stored and the backward pass computes
 * it again: `random` must not change between the two.
 * @param random u32 [2]: seed and step. A buffer, because the step changes at every training step.
 * @param stream tells apart the uses within one step, an integer from 0.
 */
export function dropout(x: Tensor, probability: number, random: Tensor, stream: number): Tensor {
  if (!(probability >= 0 && probability < 1)) {
    throw new InputError(`dropout: expected a probability of at least 0 and below 1, got ${probability}`);
  }
  if (random.dtype !== 'u32' || random.size !== 2) {
    throw new Error(`dropout: expected random u32 [2], got ${random.dtype} ${formatShape(random.shape)}`);
  }
  if (probability === 0) return x;
  const y = dropped(x, probability, random, stream);
  noteRecipe(y, () => withValuesOf(x, (values) => dropped(values, probability, random, stream)));
  return record('dropout', y, [x], (gradOutput) => [dropped(gradOutput, probability, random, stream)]);
}

function dropped(x: Tensor, probability: number, random: Tensor, stream: number): Tensor {
  const dtype = activationType('dropout', x);
  const y = Tensor.empty(x.device, x.shape, dtype);
  const threshold = Math.min(Math.round(probability * 2 ** 32), 2 ** 32 - 1);
  const params = { stream, threshold, factor: 1 / (1 - probability) };
  runElementwise(forType(forwardKernel, dtype), { x, random, y }, x.size, params);
  return y;
}
