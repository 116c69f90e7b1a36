// What the adapter can do at most, measured: bytes copied and multiply-adds done in a second, by the fastest variant of each kernel.

import type { Device } from '../../device/index.js';
import { COPY_VECS, copyPeak, MULTIPLY_ADD_SUMS, multiplyAddFlops, multiplyAddPeak } from '../../shaders/peak/peak.js';
import { keep, Tensor } from '../../tensor/index.js';
import { inTurns, replayed } from './timing.js';

export interface Peak {
  readonly kernel: 'copy' | 'multiply-add';
  /** The fastest variant. */
  readonly variant: string;
  readonly precision: 'f32';
  readonly ms: number;
  /** Of memory traffic, read and written; 10^9 bytes. */
  readonly gigabytesPerSecond?: number;
  readonly gflops?: number;
}

export interface Peaks {
  readonly copy: Peak & { readonly gigabytesPerSecond: number };
  readonly multiplyAdd: Peak & { readonly gflops: number };
}

/** More than caches hold. */
const COPY_BYTES = 256 * 1024 * 1024;
const COPY_BYTES_SOFTWARE = 64 * 1024 * 1024;
/** Threads of the multiply-adds: enough to fill any device. */
const THREADS = 1 << 20;
const THREADS_SOFTWARE = 1 << 13;
const ROUNDS = 512;
/** Sums converge to twice the addend, far from where arithmetic slows down. */
const FACTOR = 0.5;

const TIMED_ROUNDS = 5;

interface Variant {
  readonly name: string;
  readonly run: () => void;
  /** Operations or bytes. */
  readonly amount: number;
}

/** Takes some seconds. */
export async function measurePeaks(device: Device): Promise<Peaks> {
  const { isSoftware } = device.info;
  const bytes = Math.min(
    isSoftware ? COPY_BYTES_SOFTWARE : COPY_BYTES,
    Math.floor(device.limit('maxStorageBufferBindingSize') / 16) * 16,
  );
  const copies = await fastest(device, bytes / 4, (x, y) =>
    COPY_VECS.map((vecs) => ({
      name: `${vecs} vec4 a thread`,
      run: () => copyPeak(x, y, vecs),
      amount: 2 * bytes,
    })),
  );
  const size = 4 * (isSoftware ? THREADS_SOFTWARE : THREADS);
  const products = await fastest(device, size, (x, y) =>
    MULTIPLY_ADD_SUMS.flatMap((sums) =>
      [false, true].map((fused) => ({
        name: `${sums} sums${fused ? ', fma' : ''}`,
        run: () => multiplyAddPeak(x, y, { sums, rounds: ROUNDS, factor: FACTOR, fused }),
        amount: multiplyAddFlops(size, { sums, rounds: ROUNDS }),
      })),
    ),
  );
  const precision = 'f32';
  return {
    copy: { kernel: 'copy', precision, ...copies.found, gigabytesPerSecond: copies.billions },
    multiplyAdd: { kernel: 'multiply-add', precision, ...products.found, gflops: products.billions },
  };
}

/** The variant that does most in a second, and how many billions that is. */
async function fastest(
  device: Device,
  size: number,
  variantsOf: (x: Tensor, y: Tensor) => Variant[],
): Promise<{ found: { variant: string; ms: number }; billions: number }> {
  const x = keep(Tensor.from(device, new Float32Array(size).fill(1), [size]));
  const y = keep(Tensor.empty(device, [size]));
  try {
    const variants = variantsOf(x, y);
    const measurements = [];
    for (const { run } of variants) measurements.push(await replayed(device, run));
    const rounds = await inTurns(measurements, { deadline: 0, leastRounds: TIMED_ROUNDS });
    const best = variants
      .map(({ name, amount }, i) => {
        // A peak is what happens undisturbed.
        const ms = Math.min(...rounds[i]);
        return { found: { variant: name, ms }, billions: amount / ms / 1e6 };
      })
      .reduce((a, b) => (b.billions > a.billions ? b : a));
    return best;
  } finally {
    x.dispose();
    y.dispose();
    device.trim();
  }
}

/** Two lines for a person. */
export function describePeaks({ copy, multiplyAdd }: Peaks): string {
  return [
    `copy          ${copy.gigabytesPerSecond.toFixed(1)} GB/s (${copy.variant})`,
    `multiply-add  ${multiplyAdd.gflops.toFixed(1)} GFLOP/s (${multiplyAdd.precision}, ${multiplyAdd.variant})`,
  ].join('\n');
}

/** What `--json` writes. */
export function peakRows({ copy, multiplyAdd }: Peaks, adapter: string): object[] {
  return [copy, multiplyAdd].map((peak) => ({ engine: 'shuffleblock', adapter, ...peak }));
}
