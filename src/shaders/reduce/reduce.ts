// Reductions over one axis or over everything: sum, mean, maximum. All see x as [outer, length, inner].

import { record } from '../../autograd/index.js';
import { type Device, type Kernel, kernel } from '../../device/index.js';
import { formatShape, type Shape, sizeOf, Tensor } from '../../tensor/index.js';
import { reduce_columns, reduce_grad_input, reduce_rows } from '../../wgsl.generated.js';
import { activationType, mostRowThreads, runKernelOn } from '../launch.js';

const rowsKernel = kernel(reduce_rows);
const columnsKernel = kernel(reduce_columns);
const gradInputKernel = kernel(reduce_grad_input);

/** A row is split over several workgroups from here on: one cannot fill a device. */
const PART_LENGTH = 8192;

interface Extent {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/** Sum over `axis` (which vanishes from the shape), or of all elements (shape [1]). */
export function sum(x: Tensor, axis?: number): Tensor {
  return reduction('sum', x, axis, false, () => 1);
}

/** `sum` of f16 as f32: what a gradient of f32 parameters takes from half precision. Its own gradient is not defined. */
export function sumAsF32(x: Tensor, axis: number): Tensor {
  const { shape, extent } = reduceShape('sum', x.shape, axis);
  const y = Tensor.empty(x.device, shape);
  reduce(x, y, extent, 1, { MAXIMUM: 0 });
  return y;
}

/** Sum over the first dimension of parts, which are freed; nothing is computed if there is only one. */
export function addParts(partial: Tensor): Tensor {
  const [parts, ...shape] = partial.shape;
  const total = parts === 1 ? partial.view(shape) : sum(partial, 0);
  partial.dispose();
  return total;
}

/** Mean over `axis`, or of all elements. */
export function mean(x: Tensor, axis?: number): Tensor {
  return reduction('mean', x, axis, false, (length) => 1 / length);
}

/** Maximum over `axis`, or of all elements; NaN if there is one. Its gradient goes to the first maximal element. */
export function max(x: Tensor, axis?: number): Tensor {
  return reduction('max', x, axis, true, () => 1);
}

function reduceShape(operation: string, x: Shape, axis: number | undefined): { shape: Shape; extent: Extent } {
  if (axis === undefined) return { shape: [1], extent: { outer: 1, length: nonEmpty(operation, sizeOf(x)), inner: 1 } };
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.length) {
    throw new Error(`${operation}: expected an axis of ${formatShape(x)}, got ${axis}`);
  }
  const shape = x.filter((_, i) => i !== axis);
  const extent = {
    outer: sizeOf(x.slice(0, axis)),
    length: nonEmpty(operation, x[axis]),
    inner: sizeOf(x.slice(axis + 1)),
  };
  return { shape: shape.length > 0 ? shape : [1], extent };
}

function nonEmpty(operation: string, length: number): number {
  if (length === 0) throw new Error(`${operation}: expected at least one element, got none`);
  return length;
}

function reduction(
  operation: string,
  x: Tensor,
  axis: number | undefined,
  isMaximum: boolean,
  factorOf: (length: number) => number,
): Tensor {
  const { shape, extent } = reduceShape(operation, x.shape, axis);
  const factor = factorOf(extent.length);
  const dtype = activationType(operation, x);
  const y = Tensor.empty(x.device, shape, dtype);
  const fold = { MAXIMUM: isMaximum ? 1 : 0 };
  reduce(x, y, extent, factor, fold);
  return record({ name: operation, attributes: { axis } }, y, [x], (gradOutput) => {
    const gradInput = Tensor.empty(x.device, x.shape, dtype);
    const tensors = { x, y, grad_output: gradOutput, grad_input: gradInput };
    runKernelOn(typed(gradInputKernel.with(fold), x, y), tensors, { ...extent, factor }, workgroupsFor(y.size));
    return [gradInput];
  });
}

/** The value of a reduction. */
function reduce(x: Tensor, y: Tensor, extent: Extent, factor: number, fold: { MAXIMUM: number }): void {
  if (extent.inner === 1) reduceRows(x, y, extent, factor, fold);
  else runKernelOn(typed(columnsKernel.with(fold), x, y), { x, y }, { ...extent, factor }, workgroupsFor(y.size));
}

/** The variant of a kernel for the types of its tensors. */
function typed(base: Kernel, x: Tensor, y: Tensor): Kernel {
  return base.with({ StoredX: activationType('reduction', x), StoredY: activationType('reduction', y) });
}

function workgroupsFor(results: number): number {
  return Math.ceil(results / columnsKernel.constant('WORKGROUP_SIZE'));
}

/** Long rows in two stages: parts of each row, then the parts in order. */
function reduceRows(
  x: Tensor,
  y: Tensor,
  { outer: rows, length }: Extent,
  factor: number,
  fold: { MAXIMUM: number },
): void {
  const parts = Math.ceil(length / PART_LENGTH);
  const partLength = Math.ceil(length / parts);
  const rowThreads = threadsFor(x.device, partLength);
  const params = { rows, row_length: length, part_length: partLength, parts, row_threads: rowThreads };
  const rowsFold = rowsKernel.with(fold);
  const workgroups = Math.ceil((rows * parts * rowThreads) / rowsKernel.constant('WORKGROUP_SIZE'));
  if (parts === 1) {
    runKernelOn(typed(rowsFold, x, y), { x, y }, { ...params, factor }, workgroups);
    return;
  }
  const partial = Tensor.empty(x.device, [parts, rows]);
  runKernelOn(typed(rowsFold, x, partial), { x, y: partial }, { ...params, factor: 1 }, workgroups);
  const columns = { outer: 1, length: parts, inner: rows, factor };
  runKernelOn(typed(columnsKernel.with(fold), partial, y), { x: partial, y }, columns, workgroupsFor(rows));
  partial.dispose();
}

/** Threads for a part of a row: at least eight values each, so that short rows do not leave most of them idle. */
function threadsFor(device: Device, partLength: number): number {
  const most = mostRowThreads(device, rowsKernel.constant('WORKGROUP_SIZE'));
  let threads = 1;
  while (threads < most && threads * 16 <= partLength) threads *= 2;
  return threads;
}
