// Exponential moving average of a tensor that changes, such as a parameter in training (Polyak and Juditsky, 1992).

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { moving_average } from '../../wgsl.generated.js';
import { checkTensor } from '../check_tensor.js';
import { runElementwise } from '../launch.js';

const averageKernel = kernel(moving_average);

/**
 * average = decay * average + (1 - decay) * value, in place, f32 of any shape. Nothing changes if guard[0] is not 0. No gradient.
 * @param guard u32 [2]: see `guardLoss`.
 */
export function movingAverage(average: Tensor, value: Tensor, decay: number, guard: Tensor): void {
  checkTensor('movingAverage', 'average', average, 'f32', value.shape);
  checkTensor('movingAverage', 'value', value, 'f32', value.shape);
  checkTensor('movingAverage', 'guard', guard, 'u32', [2]);
  runElementwise(averageKernel, { average, value, guard }, value.size, { rate: 1 - decay });
}
