// `bench kernels`: each pass of a convolution timed on its own, dense against shuffled-block at several sparsities.

import type { Device } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { type Pass, prepareVariants, type Variant } from './kernel_variants.js';
import { type BenchLayer, denseFlops, SHORT_LAYERS } from './layers.js';
import type { Peaks } from './peak.js';
import { inTurns, type Measurement, median, replayed, spread } from './timing.js';

export interface BenchKernelsOptions {
  readonly layers?: readonly BenchLayer[];
  /** Default 0.5, 0.8, 0.9. */
  readonly sparsities?: readonly number[];
  /** Default 16. */
  readonly blockSizes?: readonly number[];
  /** Of activations and gradients. Default f32. */
  readonly precision?: ActivationType;
  /** Seconds for the whole run, split evenly over the layers; every variant gets at least three rounds. Default 60. */
  readonly budgetSeconds?: number;
  /** Default 0. */
  readonly seed?: number;
  /** For the shares of them. */
  readonly peaks?: Peaks;
  /** Called after each layer with its rows. */
  readonly onLayer?: (rows: readonly KernelRow[]) => Promise<void>;
}

/** One pass of one variant of a layer: a row of `--json`, whose names bench/peers.mjs and bench/pytorch/kernels.py share. */
export interface KernelRow {
  readonly engine: 'shuffleblock';
  readonly adapter: string;
  readonly layer: string;
  readonly pass: Pass;
  readonly batchSize: number;
  /** 0 is the dense kernel. */
  readonly sparsity: number;
  /** 0 for the dense kernel. */
  readonly blockSize: number;
  readonly precision: ActivationType;
  /** Median of all rounds. */
  readonly ms: number;
  /** Half the range between the quartiles of all rounds. */
  readonly spreadMs: number;
  /** Operations of the dense layer, 10^9 in a second: two for every weight and output position. */
  readonly effectiveGflops: number;
  /** The same of the kept weights alone. */
  readonly actualGflops: number;
  /** Least that the pass must read and write. */
  readonly bytes: number;
  readonly gigabytesPerSecond: number;
  /** `actualGflops` of the adapter's multiply-adds, and `gigabytesPerSecond` of its copies; neither if they were not measured. */
  readonly shareOfPeak?: number;
  readonly shareOfBandwidth?: number;
}

/**
 * Times every pass of every layer, dense and at every sparsity and block size.
 * @param report called now and then with the number of layers done and what is going on.
 */
export async function benchKernels(
  device: Device,
  options: BenchKernelsOptions = {},
  report: (done: number, note: string) => void = () => {},
): Promise<KernelRow[]> {
  const { layers = SHORT_LAYERS, budgetSeconds = 60, peaks, onLayer = async () => {} } = options;
  const { sparsities = [0.5, 0.8, 0.9], blockSizes = [16], precision = 'f32', seed = 0 } = options;
  const end = performance.now() + budgetSeconds * 1000;
  const rows: KernelRow[] = [];
  for (const [done, layer] of layers.entries()) {
    const now = performance.now();
    const deadline = now + (end - now) / (layers.length - done);
    report(done, `${layer.name}: compiling`);
    const { variants, dispose } = prepareVariants(device, layer, { sparsities, blockSizes, precision, seed });
    try {
      const measurements: Measurement[] = [];
      for (const { run } of variants) measurements.push(await replayed(device, run));
      const onRound = (round: number) => report(done, `${layer.name}: round ${round}`);
      const samples = await inTurns(measurements, { deadline, onRound });
      const adapter = device.info.description;
      const own = variants.map((variant, i) => kernelRow(adapter, layer, variant, samples[i], peaks));
      rows.push(...own);
      await onLayer(own);
    } finally {
      dispose();
      device.trim();
    }
  }
  return rows;
}

export function kernelRow(
  adapter: string,
  layer: BenchLayer,
  { pass, sparsity, blockSize, precision, density, bytes }: Omit<Variant, 'run'>,
  samples: readonly number[],
  peaks?: Peaks,
): KernelRow {
  const ms = median(samples);
  const effectiveGflops = denseFlops(layer) / ms / 1e6;
  const actualGflops = effectiveGflops * density;
  const gigabytesPerSecond = bytes / ms / 1e6;
  const shares = peaks && {
    shareOfPeak: actualGflops / peaks.multiplyAdd.gflops,
    shareOfBandwidth: gigabytesPerSecond / peaks.copy.gigabytesPerSecond,
  };
  return {
    ...{ engine: 'shuffleblock', adapter, layer: layer.name, pass, batchSize: layer.batchSize },
    ...{ sparsity, blockSize, precision, ms, spreadMs: spread(samples) },
    ...{ effectiveGflops, actualGflops, bytes, gigabytesPerSecond, ...shares },
  };
}
