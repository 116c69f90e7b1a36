// `bench kernels`: each pass of a convolution timed on its own, dense against shuffled-block at several sparsities. All variants of
// a layer take turns within every round, so that whatever else the machine does hits them alike; reported are medians.

import type { Device } from '../device/index.js';
import { InputError } from '../device/index.js';
import {
  blockConv2dForward,
  blockConv2dGradInput,
  blockConv2dGradValues,
} from '../shaders/block_conv2d/block_conv2d.js';
import { BlockTables } from '../shaders/block_conv2d/block_tables.js';
import { conv2dForward, conv2dGradInput, conv2dGradWeight } from '../shaders/conv2d/conv2d.js';
import { conv2dGeometry } from '../shaders/conv2d/geometry.js';
import { initialTopology } from '../sparse/index.js';
import { keep, Random, scope, Tensor } from '../tensor/index.js';

export type Pass = 'forward' | 'gradInput' | 'gradWeight';
export const PASSES: readonly Pass[] = ['forward', 'gradInput', 'gradWeight'];

export interface BenchLayer {
  /** Unique; `--layer` selects by a part of it. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input height and width. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly batch: number;
}

const conv3x3 = { kernel: 3, stride: 1, padding: 1, batch: 32 };

/** 3x3 layers of the networks in src/models: WideResNet-22-2's second and third stage, VGG-D's second. */
export const BENCH_LAYERS: readonly BenchLayer[] = [
  { name: 'wrn-64-64-16x16', inChannels: 64, outChannels: 64, size: 16, ...conv3x3 },
  { name: 'vgg-128-128-16x16', inChannels: 128, outChannels: 128, size: 16, ...conv3x3 },
  { name: 'wrn-64-128-16x16-stride2', inChannels: 64, outChannels: 128, size: 16, ...conv3x3, stride: 2 },
];

export interface BenchKernelsOptions {
  /** Only layers whose name contains this. */
  readonly filter?: string;
  readonly layers?: readonly BenchLayer[];
  /** Default 0.5, 0.8, 0.9. */
  readonly sparsities?: readonly number[];
  /** Default 16. */
  readonly blockSizes?: readonly number[];
  /** Seconds for the whole run, split evenly over the layers; every variant gets at least three rounds. Default 60. */
  readonly budgetSeconds?: number;
  /** Default 0. Topologies and inputs depend on it alone. */
  readonly seed?: number;
}

/** Median time of one pass of one variant of a layer. */
export interface KernelTiming {
  readonly layer: string;
  readonly pass: Pass;
  /** 0 is the dense kernel. */
  readonly sparsity: number;
  /** 0 for the dense kernel. */
  readonly blockSize: number;
  readonly ms: number;
  /** Half the range between the quartiles of all rounds. */
  readonly spreadMs: number;
  /** Multiply-adds of the dense layer, times two; of the kept weights, times two. */
  readonly denseFlops: number;
  readonly flops: number;
}

/** What `--json` writes. */
export function kernelTimingsJson(timings: readonly KernelTiming[]): Record<string, string | number>[] {
  return timings.map(({ layer, pass, sparsity, blockSize, ms }) => ({ layer, pass, sparsity, blockSize, ms }));
}

/** 2 * O * I * KH * KW * OH * OW * N: the same for each of the three passes, products at the border counted. */
export function denseFlops(layer: BenchLayer): number {
  const out = Math.floor((layer.size + 2 * layer.padding - layer.kernel) / layer.stride) + 1;
  return 2 * layer.outChannels * layer.inChannels * layer.kernel ** 2 * out ** 2 * layer.batch;
}

interface Variant {
  readonly pass: Pass;
  readonly sparsity: number;
  readonly blockSize: number;
  readonly density: number;
  readonly run: () => Tensor;
}

const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 25;
/** A measurement repeats its pass for about this long, so that waiting for the GPU is a small part of it. */
const MEASUREMENT_MS = 60;
const MOST_REPETITIONS = 1000;

/**
 * Times every pass of every layer, dense and at every sparsity and block size.
 * @param report called now and then with one line for a person.
 */
export async function benchKernels(
  device: Device,
  options: BenchKernelsOptions = {},
  report: (line: string) => void = () => {},
): Promise<KernelTiming[]> {
  const { filter = '', budgetSeconds = 60 } = options;
  const all = options.layers ?? BENCH_LAYERS;
  const layers = all.filter((layer) => layer.name.includes(filter));
  if (layers.length === 0) {
    throw new InputError(
      `bench: expected part of a layer name (${all.map((l) => l.name).join(', ')}), got "${filter}"`,
    );
  }
  const timings: KernelTiming[] = [];
  for (const layer of layers) {
    report(`${layer.name}: compiling`);
    const { variants, dispose } = prepare(device, layer, options);
    const deadline = performance.now() + (budgetSeconds * 1000) / layers.length;
    const rounds = await measure(device, variants, deadline, (round) => report(`${layer.name}: round ${round}`));
    dispose();
    for (const [v, { pass, sparsity, blockSize, density }] of variants.entries()) {
      const { median, spread } = summary(rounds[v]);
      const dense = denseFlops(layer);
      timings.push({
        ...{ layer: layer.name, pass, sparsity, blockSize, ms: median, spreadMs: spread },
        ...{ denseFlops: dense, flops: dense * density },
      });
    }
  }
  return timings;
}

/** Milliseconds of each round, for each variant. */
async function measure(
  device: Device,
  variants: readonly Variant[],
  deadline: number,
  report: (round: number) => void,
): Promise<number[][]> {
  const repetitions: number[] = [];
  for (const { run } of variants) {
    await time(device, run, 1); // Compiles and allocates.
    const once = await time(device, run, 1);
    repetitions.push(Math.max(1, Math.min(MOST_REPETITIONS, Math.round(MEASUREMENT_MS / once))));
  }
  const rounds: number[][] = variants.map(() => []);
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    if (round > LEAST_ROUNDS && performance.now() > deadline) break;
    report(round);
    for (const [v, { run }] of variants.entries()) rounds[v].push(await time(device, run, repetitions[v]));
  }
  return rounds;
}

async function time(device: Device, run: () => Tensor, repetitions: number): Promise<number> {
  await device.finish();
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) scope(() => void run());
  await device.finish();
  return (performance.now() - start) / repetitions;
}

function prepare(
  device: Device,
  layer: BenchLayer,
  options: BenchKernelsOptions,
): { variants: Variant[]; dispose: () => void } {
  const { sparsities = [0.5, 0.8, 0.9], blockSizes = [16], seed = 0 } = options;
  const { inChannels, outChannels, size, kernel, batch } = layer;
  const random = new Random(seed);
  const normal = (shape: number[]) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal());
    return { values, tensor: keep(Tensor.from(device, values, shape)) };
  };
  const x = normal([inChannels, size, size, batch]).tensor;
  const { values: weightValues, tensor: weight } = normal([outChannels, inChannels, kernel, kernel]);
  const geometry = conv2dGeometry('bench', x.shape, weight.shape, layer);
  const gradOutput = normal([outChannels, geometry.outHeight, geometry.outWidth, batch]).tensor;
  const owned: { dispose(): void }[] = [x, weight, gradOutput];

  const dense = { sparsity: 0, blockSize: 0, density: 1 };
  const variants: Variant[] = [
    { ...dense, pass: 'forward', run: () => conv2dForward(x, weight, geometry) },
    { ...dense, pass: 'gradInput', run: () => conv2dGradInput(gradOutput, weight, geometry) },
    { ...dense, pass: 'gradWeight', run: () => conv2dGradWeight(x, gradOutput, geometry) },
  ];
  for (const blockSize of blockSizes) {
    for (const sparsity of sparsities) {
      const columns = inChannels * kernel * kernel;
      const scaled = withUnevenRows(weightValues, outChannels, columns, random);
      const blocks = initialTopology(scaled, { rows: outChannels, columns, blockSize, sparsity });
      const tables = new BlockTables(device, blocks, kernel * kernel);
      const values = keep(Tensor.from(device, blocks.values, [blocks.numBlocks, blockSize, blockSize]));
      owned.push(tables, values);
      const sparse = { sparsity, blockSize, density: blocks.density };
      variants.push(
        { ...sparse, pass: 'forward', run: () => blockConv2dForward(x, values, tables, geometry) },
        { ...sparse, pass: 'gradInput', run: () => blockConv2dGradInput(gradOutput, values, tables, geometry) },
        { ...sparse, pass: 'gradWeight', run: () => blockConv2dGradValues(x, gradOutput, tables, geometry) },
      );
    }
  }
  return { variants, dispose: () => owned.forEach((one) => void one.dispose()) };
}

/** Rows of different scale, as trained layers have: row groups then keep different numbers of blocks. */
function withUnevenRows(weight: Float32Array, rows: number, columns: number, random: Random): Float32Array {
  const scales = Float32Array.from({ length: rows }, () => 0.75 + 0.5 * random.uniform());
  return weight.map((value, i) => value * scales[Math.floor(i / columns)]);
}

function summary(samples: readonly number[]): { median: number; spread: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  const quantile = (share: number) => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
  };
  return { median: quantile(0.5), spread: (quantile(0.75) - quantile(0.25)) / 2 };
}

/** A table for people: times, rates and speed-ups of each pass and of their sum, layer by layer. */
export function kernelTimingsTable(timings: readonly KernelTiming[]): string {
  const layers = [...new Set(timings.map((timing) => timing.layer))];
  return layers.map((layer) => layerTable(timings.filter((timing) => timing.layer === layer))).join('\n\n');
}

const HEADER = ['weight', 'pass', 'ms', '+-', 'effective', 'actual GFLOP/s', 'speed-up'];

function layerTable(timings: readonly KernelTiming[]): string {
  const [first] = timings;
  const weightOf = ({ sparsity, blockSize }: KernelTiming) =>
    sparsity === 0 ? 'dense' : `${sparsity}, blocks of ${blockSize}`;
  const lines: string[][] = [HEADER];
  const dense = timings.filter((timing) => timing.blockSize === 0);
  for (const weight of new Set(timings.map(weightOf))) {
    const own = timings.filter((timing) => weightOf(timing) === weight);
    for (const timing of own) {
      const base = dense.find((timing2) => timing2.pass === timing.pass);
      lines.push([weight, timing.pass, ...figures(timing, base?.ms)]);
    }
    const total = (all: readonly KernelTiming[], field: 'ms' | 'spreadMs' | 'flops' | 'denseFlops') =>
      all.reduce((sum, timing) => sum + timing[field], 0);
    const sum = {
      ms: total(own, 'ms'),
      spreadMs: total(own, 'spreadMs'),
      flops: total(own, 'flops'),
      denseFlops: total(own, 'denseFlops'),
    };
    lines.push([weight, 'sum', ...figures(sum, dense.length > 0 ? total(dense, 'ms') : undefined)]);
  }
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = lines.map((line) =>
    line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  return [`${first.layer}: ${(first.denseFlops / 1e9).toFixed(3)} GFLOP a dense pass`, ...text].join('\n');
}

/** Milliseconds, spread, dense and actual operations a second, speed-up over the dense kernel. */
function figures(
  timing: Pick<KernelTiming, 'ms' | 'spreadMs' | 'flops' | 'denseFlops'>,
  denseMs: number | undefined,
): string[] {
  const { ms, spreadMs, flops } = timing;
  return [
    ms.toFixed(2),
    spreadMs.toFixed(2),
    (timing.denseFlops / ms / 1e6).toFixed(1),
    (flops / ms / 1e6).toFixed(1),
    denseMs === undefined ? '' : `${(denseMs / ms).toFixed(2)}x`,
  ];
}
