// Loss and accuracy of a classifier, summed on the GPU over batches so that nothing waits for a readback.

import { kernel } from '../../device/index.js';
import type { Tensor } from '../../tensor/index.js';
import { classification_metrics } from '../../wgsl.generated.js';
import { checkLogits, checkTensor } from '../check_tensor.js';
import { runKernelOn } from '../launch.js';

const metricsKernel = kernel(classification_metrics);

/** Running totals; zeros to begin with. */
export interface MetricTotals {
  /** f32 [2]: the sum of the losses of all samples, and by how much its rounding made it too large. */
  readonly lossSum: Tensor;
  /** u32 [3]: samples, top-1 correct, top-5 correct. */
  readonly counts: Tensor;
}

/**
 * Adds a batch to `totals`, in place. Of equal logits the lower class ranks first, as in argmax. A sample with a NaN among its
 * logits, or with a label >= K, counts as wrong. No gradient.
 * @param loss [1], the mean over the batch; @param logits [K,N]; @param labels u32 [N].
 */
export function accumulateMetrics(loss: Tensor, logits: Tensor, labels: Tensor, totals: MetricTotals): void {
  const { classes, samples } = checkLogits('accumulateMetrics', logits);
  const { lossSum, counts } = totals;
  checkTensor('accumulateMetrics', 'loss', loss, 'f32', [1]);
  checkTensor('accumulateMetrics', 'labels', labels, 'u32', [samples]);
  checkTensor('accumulateMetrics', 'lossSum', lossSum, 'f32', [2]);
  checkTensor('accumulateMetrics', 'counts', counts, 'u32', [3]);
  const tensors = { loss, x: logits, labels, loss_sum: lossSum, counts };
  const workgroups = Math.ceil(samples / metricsKernel.constant('COLUMNS'));
  runKernelOn(metricsKernel, tensors, { classes, samples, zero: 0 }, workgroups);
}
