// How kernels that treat every element alike are launched, and how kernels are specialised for the batch.

import type { Device, Kernel } from '../device/index.js';
import { type ActivationType, formatShape, type Shape, sameShape, type Tensor } from '../tensor/index.js';

/**
 * Runs a kernel over `size` elements, four (a vec4) an invocation. Buffers are padded to whole vec4s, so the last one may
 * compute on padding, which nobody reads.
 */
export function runElementwise(
  kernel: Kernel,
  tensors: Readonly<Record<string, Tensor>>,
  size: number,
  params: Readonly<Record<string, number>> = {},
): void {
  const count = Math.ceil(size / 4);
  runKernelOn(kernel, tensors, { count, ...params }, Math.ceil(count / kernel.constant('WORKGROUP_SIZE')));
}

/** Runs a kernel on tensors bound by name. */
export function runKernelOn(
  kernel: Kernel,
  tensors: Readonly<Record<string, Tensor>>,
  params: Readonly<Record<string, number>>,
  workgroups: number | readonly [number, number?, number?],
): void {
  const [first] = Object.values(tensors);
  const slices = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.slice]));
  first.device.run(kernel, slices, params, workgroups);
}

/** The variant of an elementwise kernel for tensors of a type. Such kernels declare `alias Stored = vec4<f32>;`, and compute in f32. */
export function forType(kernel: Kernel, dtype: ActivationType): Kernel {
  return dtype === 'f32' ? kernel : kernel.with({ Stored: `vec4<${dtype}>` });
}

/**
 * The variant of a batch-last kernel for a batch of `batch`: whole vec4s where the batch allows, single elements otherwise.
 * Such kernels declare `alias Vec = vec4<f32>;`, in which they compute, `alias Stored = vec4<f32>;`, and `const LANES: u32 = 4;`.
 * @param dtype of the tensors whose elements are `Stored`.
 */
export function forBatch(kernel: Kernel, batch: number, dtype: ActivationType = 'f32'): Kernel {
  return batch % 4 === 0 ? forType(kernel, dtype) : kernel.with({ Vec: 'f32', Stored: dtype, LANES: 1 });
}

/** The one element type of an operation's activations, which its result has too. @throws if it is neither f32 nor f16, or not one. */
export function activationType(operation: string, ...tensors: readonly Tensor[]): ActivationType {
  const [{ dtype }] = tensors;
  if ((dtype === 'f32' || dtype === 'f16') && tensors.every((tensor) => tensor.dtype === dtype)) return dtype;
  const got = tensors.map((tensor) => tensor.dtype).join(' and ');
  throw new Error(
    `${operation}: expected ${tensors.length > 1 ? 'all of f32 or all of f16' : 'f32 or f16'}, got ${got}`,
  );
}

/**
 * Most threads of a workgroup of `threads` that should fold one row together: all of them on a GPU. A software adapter pays for every barrier,
 * so there as many as its vectors are wide, with more rows in a workgroup instead.
 */
export function mostRowThreads({ info }: Device, threads: number): number {
  return info.isSoftware ? Math.min(8, threads) : threads;
}

/** Number of elements that one `Vec` of `forBatch` holds. */
export function lanesOf(batch: number): number {
  return batch % 4 === 0 ? 4 : 1;
}

/** Shape rule of operations on two tensors of one shape. */
export function sameShapeRule(operation: string, a: Shape, b: Shape): Shape {
  if (!sameShape(a, b))
    throw new Error(`${operation}: expected equal shapes, got ${formatShape(a)} and ${formatShape(b)}`);
  return a;
}
