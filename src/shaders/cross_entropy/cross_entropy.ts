// Softmax cross-entropy with label smoothing (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567), as PyTorch's cross_entropy:
// logits [K,N], labels u32 [N] -> mean loss [1].

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { Tensor } from '../../tensor/index.js';
import { cross_entropy_grad_logits, cross_entropy_mean, cross_entropy_samples } from '../../wgsl.generated.js';
import { checkOptions } from '../check_options.js';
import { checkLogits, checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const samplesKernel = kernel(cross_entropy_samples);
const meanKernel = kernel(cross_entropy_mean);
const gradLogitsKernel = kernel(cross_entropy_grad_logits);

export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * loss = mean over n of -sum over k of target[k,n] * log_softmax(logits)[k,n], with
 * target = (1 - labelSmoothing) * one_hot(label) + labelSmoothing / K. Only the logits have a gradient.
 *
 * A logit that is not finite, or a label >= K, makes the loss NaN, and NaN the gradient of that sample: training must see it.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOptions('crossEntropy', options, ['labelSmoothing']);
  const { labelSmoothing = 0 } = options;
  const { classes, samples } = checkLogits('crossEntropy', logits);
  checkTensor('crossEntropy', 'labels', labels, 'u32', [samples]);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new Error(`crossEntropy: expected a labelSmoothing from 0 to 1, got ${labelSmoothing}`);
  }
  const { device } = logits;
  const params = { classes, samples, smoothing: labelSmoothing };
  const statistics = Tensor.empty(device, [3, samples]);
  const y = Tensor.empty(device, [1]);
  const groups = Math.ceil(samples / samplesKernel.constant('COLUMNS'));
  runKernelOn(samplesKernel, { x: logits, labels, statistics }, params, groups);
  runKernelOn(meanKernel, { statistics, y }, { samples }, 1);
  return record('crossEntropy', y, [logits], (gradOutput) => {
    const gradInput = Tensor.empty(device, logits.shape);
    const tensors = { x: logits, labels, statistics, grad_output: gradOutput, grad_input: gradInput };
    const invocations = Math.ceil(classes / gradLogitsKernel.constant('CLASSES')) * samples;
    const workgroups = Math.ceil(invocations / gradLogitsKernel.constant('WORKGROUP_SIZE'));
    runKernelOn(gradLogitsKernel, tensors, params, workgroups);
    return [gradInput];
  });
}
