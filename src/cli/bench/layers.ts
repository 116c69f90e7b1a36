// The layers that are timed, in layers.json, which bench/pytorch/kernels.py and bench/tasks.mjs read too: those of vgg-d and wrn-22-2 on
// images of 32x32 and of ResNet-50 (7x7 stem) on images of 224x224, and matrix products, which are 1x1 convolutions of one pixel.

import { readFileSync } from 'node:fs';
import { type Device, InputError } from '../../device/index.js';

export interface BenchLayer {
  /** MODEL/STAGE-KERNEL-INPUTS-OUTPUTS-SIZE[-strideS]; unique. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input height and width. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly batchSize: number;
  /** `short`: timed when nothing is asked for. `peers`: compared with other libraries. */
  readonly sets: readonly ('short' | 'peers')[];
}

export const BENCH_LAYERS: readonly BenchLayer[] = JSON.parse(
  readFileSync(new URL('./layers.json', import.meta.url), 'utf8'),
);

/** A few layers that stand for the others: 3x3, strided, 1x1. */
export const SHORT_LAYERS = BENCH_LAYERS.filter(({ sets }) => sets.includes('short'));

/** @throws InputError if the name of no layer holds `filter`. */
export function layersNamed(filter: string): readonly BenchLayer[] {
  const found = BENCH_LAYERS.filter(({ name }) => name.includes(filter));
  if (found.length > 0) return found;
  const names = BENCH_LAYERS.map(({ name }) => name).join(', ');
  throw new InputError(`--layers: expected part of a layer's name (${names}), got '${filter}'`);
}

/** Times each layer's own batch, for two processor cores, so that a GPU has as much to do as in training. */
const GPU_FACTOR = 4;

/** With this batch, by default as many images as suit the device; sizes of matrix products stay. */
export function withBatch(layers: readonly BenchLayer[], device: Device, batchSize?: number): readonly BenchLayer[] {
  return layers.map((layer) => {
    if (layer.name.startsWith('matmul/')) return layer;
    const usual = layer.batchSize * (device.info.isSoftware ? 1 : GPU_FACTOR);
    return { ...layer, batchSize: batchSize ?? usual };
  });
}

/** Output height and width. */
export function outputSize({ size, kernel, stride, padding }: BenchLayer): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** 2 * O * I * KH * KW * OH * OW * N: the same for each of the three passes, products at the border counted. */
export function denseFlops(layer: BenchLayer): number {
  const { inChannels, outChannels, kernel, batchSize } = layer;
  return 2 * outChannels * inChannels * kernel ** 2 * outputSize(layer) ** 2 * batchSize;
}
