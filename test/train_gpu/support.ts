// What the tests of training share: a small separable task and a configuration that learns it in seconds.

import { createHash } from 'node:crypto';
import type { ImageDataset, ImageSplit } from '../../src/data/index.js';
import { BlockWeight, MaskedWeight, type Module, sparsifiableLayers } from '../../src/nn/index.js';
import { Random } from '../../src/tensor/index.js';
import { defaultConfig, type RunConfig } from '../../src/train/index.js';

const DEFAULT_SIZE = 8;
const CLASSES = 4;

/** Each class has a random pattern of its own; images are that pattern with noise. */
export function patterns(trainCount = 96, testCount = 32, size = DEFAULT_SIZE): ImageDataset {
  const random = new Random(11);
  const means = Array.from({ length: CLASSES * size * size }, () => random.below(160));
  const split = (count: number): ImageSplit => {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASSES);
    const images = new Uint8Array(count * size * size);
    for (let i = 0; i < images.length; i++) {
      const label = labels[Math.floor(i / (size * size))];
      images[i] = means[label * size * size + (i % (size * size))] + random.below(80);
    }
    return { images, labels, count };
  };
  return {
    ...{ name: 'patterns', source: 'test', classes: CLASSES, channels: 1, height: size, width: size },
    ...{ mean: [0.4], std: [0.2], augmentation: { padding: 1, flip: true } },
    train: split(trainCount),
    test: split(testCount),
  };
}

/** 6 steps an epoch on `patterns()`, an update every 3. */
export const CONFIG: RunConfig = {
  ...defaultConfig('mnist'),
  model: 'lenet300-100',
  dataSet: 'patterns',
  sparsity: 0.8,
  blockSize: 4,
  updateInterval: 3,
  batchSize: 16,
  epochs: 6,
  learningRate: 0.1,
  milestones: [],
  logEvery: 1,
};

/** Which weights of each pruned layer are active, by layer. */
export function masksOf(model: Module): Record<string, Uint8Array> {
  return Object.fromEntries(
    sparsifiableLayers(model).flatMap(([name, { weight }]) => {
      if (weight instanceof BlockWeight) return [[name, weight.blocks.toMask()]];
      return weight instanceof MaskedWeight ? [[name, weight.mask.slice()]] : [];
    }),
  );
}

/** A digest of every parameter and running statistic by name, as it is now: equal only if bit for bit the same. */
export async function digestsOf(model: Module): Promise<Record<string, string>> {
  const tensors = [
    ...[...model.parameters()].map(([name, parameter]) => [name, parameter] as const),
    ...[...model.statistics()].map(([name, { tensor }]) => [name, tensor] as const),
  ];
  const values = await Promise.all(tensors.map(async ([name, tensor]) => [name, await tensor.read()] as const));
  return digests(Object.fromEntries(values));
}

/** One line an array, since comparing long arrays element by element takes the tests most of their time. */
export function digests(arrays: Readonly<Record<string, ArrayBufferView>>): Record<string, string> {
  const digest = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    createHash('sha1')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex');
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, digest(array)]));
}
