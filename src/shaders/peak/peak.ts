// What an adapter can do at most, asked by two kernels that do nothing else: a copy, and multiply-adds from registers. The shares of
// `bench kernels` are of these; each comes in a few variants, since which one is fastest differs from adapter to adapter.

import { kernel } from '../../device/index.js';
import { sameShape, type Tensor } from '../../tensor/index.js';
import { peak_copy, peak_multiply_add } from '../../wgsl.generated.js';
import { runKernelOn } from '../launch.js';

const copyKernel = kernel(peak_copy);
const multiplyAddKernel = kernel(peak_multiply_add);

/** vec4s that a thread copies. */
export const COPY_VECS = [1, 4, 16] as const;

/** Independent chains of vec4s in a thread: more hide the latency of an operation, too many do not fit the registers. */
export const MULTIPLY_ADD_SUMS = [2, 4, 8, 16] as const;

/** y = x; both f32, of the same size, a multiple of 4. Moves 8 bytes an element. */
export function copyPeak(x: Tensor, y: Tensor, vecs: number): void {
  checkPair('copyPeak', x, y);
  const variant = copyKernel.with({ VECS: vecs });
  const count = x.size / 4;
  const threads = Math.ceil(count / vecs);
  const workgroups = Math.ceil(threads / variant.constant('WORKGROUP_SIZE'));
  runKernelOn(variant, { x, y }, { count, threads }, workgroups);
}

export interface MultiplyAddOptions {
  /** Chains of each thread, one of MULTIPLY_ADD_SUMS. */
  readonly sums: number;
  readonly rounds: number;
  readonly factor: number;
  /** By `fma` instead of `*` and `+`. */
  readonly fused: boolean;
}

/** y as peak_multiply_add.wgsl says, a thread for every four elements of x. Does `multiplyAddFlops` operations. */
export function multiplyAddPeak(x: Tensor, y: Tensor, { sums, rounds, factor, fused }: MultiplyAddOptions): void {
  checkPair('multiplyAddPeak', x, y);
  const variant = multiplyAddKernel.with({ SUMS: sums, FUSED: fused ? 1 : 0 });
  const threads = x.size / 4;
  const workgroups = Math.ceil(threads / variant.constant('WORKGROUP_SIZE'));
  runKernelOn(variant, { x, y }, { rounds, threads, factor }, workgroups);
}

/** Multiplications and additions of `multiplyAddPeak` on `size` elements; the few before and after its rounds do not count. */
export function multiplyAddFlops(size: number, { sums, rounds }: Pick<MultiplyAddOptions, 'sums' | 'rounds'>): number {
  return 2 * size * sums * rounds;
}

function checkPair(operation: string, x: Tensor, y: Tensor): void {
  if (!sameShape(x.shape, y.shape) || x.size % 4 !== 0) {
    throw new Error(
      `${operation}: expected two tensors of one size, a multiple of 4, got [${x.shape}] and [${y.shape}]`,
    );
  }
}
