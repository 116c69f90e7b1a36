// Batch normalisation (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167), as PyTorch's BatchNorm1d and BatchNorm2d:
// x [C,...,N], statistics of each channel over everything else.

import { needsGrad, noteRecipe, record } from '../../autograd/index.js';
import { InputError, type Kernel, kernel } from '../../device/index.js';
import { formatShape, type Shape, Tensor } from '../../tensor/index.js';
import {
  batch_norm_forward,
  batch_norm_grad_input,
  batch_norm_grad_sums,
  batch_norm_part_statistics,
  batch_norm_running_statistics,
  batch_norm_statistics,
} from '../../wgsl.generated.js';
import { checkOptions } from '../check_options.js';
import { checkTensor } from '../check_tensor.js';
import { activationType, forBatch, lanesOf, mostRowThreads, runKernelOn } from '../launch.js';
import { type PartStatistics, takeStatistics } from '../part_statistics.js';
import { addParts } from '../reduce/reduce.js';
import { reluGradInput } from '../relu/relu.js';

const partStatisticsKernel = kernel(batch_norm_part_statistics);
const statisticsKernel = kernel(batch_norm_statistics);
const runningStatisticsKernel = kernel(batch_norm_running_statistics);
const forwardKernel = kernel(batch_norm_forward);
const gradSumsKernel = kernel(batch_norm_grad_sums);
const gradInputKernel = kernel(batch_norm_grad_input);

/** A row is split over several workgroups from here on; 16 KiB, so that the second pass over a part finds it in a cache. */
const PART_LENGTH = 4096;

/** Rows of a workgroup that joins parts, at least: what it reads of a part then fills whole transactions. */
const STATISTICS_ROWS = 4;

/** Running statistics, [C] each: used in evaluation, updated in place in training. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormOptions {
  /** Whether to normalise by the statistics of this batch, and to update the running ones, or by the running ones. */
  readonly training: boolean;
  /** Share of this batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** y = y + addend, of the shape and type of x: a residual connection, without a pass over memory of its own. */
  readonly addend?: Tensor;
  /** y = max(y, 0), in the end: spares the three passes over memory of a `relu` that follows. */
  readonly relu?: boolean;
}

/** x seen as rows of one channel each, and how they are split into parts. Lengths in Vecs. */
interface Rows {
  readonly rows: number;
  readonly rowLength: number;
  readonly partLength: number;
  readonly parts: number;
  /** Elements of a Vec. */
  readonly lanes: number;
}

/** The shape of x, which is that of the result. */
function checkedShape(
  { shape: x }: Tensor,
  weight: Tensor,
  bias: Tensor,
  running: RunningStatistics,
  { training }: BatchNormOptions,
): Shape {
  const rowElements = x.slice(1).reduce((product, extent) => product * extent, 1);
  if (x.length < 2 || x[0] * rowElements === 0) {
    throw new Error(`batchNorm: expected x [C,...,N] with elements, got ${formatShape(x)}`);
  }
  const perChannel = { weight, bias, 'running mean': running.mean, 'running variance': running.variance };
  for (const [name, tensor] of Object.entries(perChannel)) checkTensor('batchNorm', name, tensor, 'f32', [x[0]]);
  if (training && rowElements === 1) {
    throw new InputError(
      `batchNorm: expected more than one value a channel in training, got x ${formatShape(x)}; use a larger batch`,
    );
  }
  return x;
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) * weight + bias for each channel; x [C,...,N], weight and bias [C].
 * Training: mean and biased variance of this batch; `running` moves by `momentum` towards the mean and unbiased variance, if they are finite.
 * Evaluation: those of `running`. Then plus `addend`, and with `relu` max(y, 0). y has the type of x, everything but the addend is f32.
 * @throws InputError in training with a single value a channel, whose variance says nothing.
 */
export function batchNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  running: RunningStatistics,
  options: BatchNormOptions,
): Tensor {
  checkOptions('batchNorm', options, ['training', 'momentum', 'epsilon', 'addend', 'relu']);
  const { training, momentum = 0.1, epsilon = 1e-5, addend, relu = false } = options;
  const dtype = activationType('batchNorm', x);
  const y = Tensor.empty(x.device, checkedShape(x, weight, bias, running, options), dtype);
  if (addend) checkTensor('batchNorm', 'addend', addend, dtype, x.shape);
  const rows = splitRows(x.shape[0], x.size / x.shape[0]);
  const transform = Tensor.empty(x.device, [x.shape[0], 4]);
  const perChannel = { running_mean: running.mean, running_variance: running.variance, weight, bias, transform };
  if (training) batchStatistics(x, perChannel, rows, momentum, epsilon);
  else {
    const workgroups = Math.ceil(rows.rows / runningStatisticsKernel.constant('WORKGROUP_SIZE'));
    runKernelOn(runningStatisticsKernel, perChannel, { rows: rows.rows, epsilon }, workgroups);
  }
  const forward = forwardKernel.with({ RELU: relu ? 1 : 0, ADDEND: addend ? 1 : 0 });
  const compute = (y: Tensor) => {
    overVecs(forward, { x, transform, addend: addend ?? x, y }, rows, {});
    return y;
  };
  compute(y);
  // With an addend, the backward pass needs y itself.
  if (!addend) noteRecipe(y, () => compute(Tensor.empty(x.device, x.shape, dtype)));
  const operation = { name: 'batchNorm', attributes: { training, epsilon, running, relu } };
  return record(operation, y, addend ? [x, weight, bias, addend] : [x, weight, bias], (gradOutput, gathered) => {
    // Where the output was above 0 can be told from x, unless something was added.
    const gradSum = addend && relu ? reluGradInput(y, gradOutput) : gradOutput;
    const variant = { RELU: relu && !addend ? 1 : 0 };
    const saved = { x, grad_output: gradSum, transform };
    const [gradWeight, gradBias] = gradSums(gradSumsKernel.with(variant), saved, rows);
    let gradInput: Tensor | undefined;
    if (needsGrad(x)) {
      gradInput = Tensor.empty(x.device, x.shape, dtype);
      const others = gathered(0);
      const kernel = gradInputKernel.with({ ...variant, ADDEND: others ? 1 : 0 });
      const grads = { grad_weight: gradWeight, grad_bias: gradBias, addend: others ?? x, grad_input: gradInput };
      overVecs(kernel, { ...saved, ...grads }, rows, { training: training ? 1 : 0 });
    }
    return addend ? [gradInput, gradWeight, gradBias, gradSum] : [gradInput, gradWeight, gradBias];
  });
}

function splitRows(rows: number, rowElements: number): Rows {
  const lanes = lanesOf(rowElements);
  const rowLength = rowElements / lanes;
  const partLength = Math.ceil(rowLength / Math.ceil(rowElements / PART_LENGTH));
  return { rows, rowLength, partLength, parts: Math.ceil(rowLength / partLength), lanes };
}

/** The transform [C,4] of each channel (mean, inverse standard deviation, weight, bias) from x; moves the running statistics. */
function batchStatistics(
  x: Tensor,
  perChannel: Readonly<Record<string, Tensor>>,
  rows: Rows,
  momentum: number,
  epsilon: number,
): void {
  const { partial, parts, partLength } = takeStatistics(x) ?? partStatistics(x, rows);
  const threads = statisticsKernel.constant('WORKGROUP_SIZE');
  const rowThreads = powerOfTwo(Math.min(parts, mostRowThreads(x.device, threads / STATISTICS_ROWS)));
  const params = {
    rows: rows.rows,
    row_length: rows.rowLength * rows.lanes,
    part_length: partLength,
    parts,
    row_threads: rowThreads,
    momentum,
    epsilon,
  };
  runKernelOn(statisticsKernel, { partial, ...perChannel }, params, Math.ceil((rows.rows * rowThreads) / threads));
  partial.dispose();
}

/** By a pass over x. */
function partStatistics(x: Tensor, rows: Rows): PartStatistics {
  const partial = Tensor.empty(x.device, [rows.parts, rows.rows, 2]);
  overParts(partStatisticsKernel, { x, partial }, rows);
  return { partial, parts: rows.parts, partLength: rows.partLength * rows.lanes };
}

/** Gradients of weight and bias, [C] each. The gradient of x needs them too. @param saved x, gradOutput and what y came from. */
function gradSums(kernel: Kernel, saved: Readonly<Record<string, Tensor>>, rows: Rows): [Tensor, Tensor] {
  const [partialWeight, partialBias] = [0, 1].map(() => Tensor.empty(saved.x.device, [rows.parts, rows.rows]));
  overParts(kernel, { ...saved, partial_weight: partialWeight, partial_bias: partialBias }, rows);
  return [addParts(partialWeight), addParts(partialBias)];
}

/** Launches a kernel that treats all Vecs of a row alike. */
function overVecs(
  base: Kernel,
  tensors: Readonly<Record<string, Tensor>>,
  { rows, rowLength, lanes }: Rows,
  params: Readonly<Record<string, number>>,
): void {
  const tiled = forBatch(base, lanes, activationType('batchNorm', tensors.x));
  const rowThreads = Math.ceil(rowLength / tiled.constant('VECS'));
  const count = rows * rowThreads;
  const workgroups = Math.ceil(count / tiled.constant('WORKGROUP_SIZE'));
  runKernelOn(tiled, tensors, { count, row_length: rowLength, row_threads: rowThreads, ...params }, workgroups);
}

/** The first from `least` on. */
function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}

/** Launches a kernel that folds parts of rows: as many threads on a part as it has Vecs, up to a workgroup. */
function overParts(base: Kernel, tensors: Readonly<Record<string, Tensor>>, rows: Rows): void {
  const tiled = forBatch(base, rows.lanes, activationType('batchNorm', tensors.x));
  const threads = tiled.constant('WORKGROUP_SIZE');
  const most = mostRowThreads(Object.values(tensors)[0].device, threads);
  const rowThreads = powerOfTwo(Math.min(most, rows.partLength));
  const params = {
    rows: rows.rows,
    row_length: rows.rowLength,
    part_length: rows.partLength,
    parts: rows.parts,
    row_threads: rowThreads,
  };
  runKernelOn(tiled, tensors, params, Math.ceil((rows.rows * rows.parts) / (threads / rowThreads)));
}
