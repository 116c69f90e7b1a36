// The training fixtures: whole runs of PyTorch, ready to be repeated.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CIFAR10, type ImageDataset } from '../../src/data/index.js';
import type { Device } from '../../src/device/index.js';
import { createTrainer, defaultConfig, parseSafetensors, type RunConfig } from '../../src/train/index.js';
import { cifarRecords } from '../support/cifar_records.node.js';

const folder = fileURLToPath(new URL('../../../shared/fixtures/parity/', import.meta.url));

/** What a fixture says of its run. */
// biome-ignore lint/suspicious/noExplicitAny: the tests read what they compare.
type Expected = Record<string, any>;

// Throws, and so fails, where the fixtures are missing.
export const FIXTURES: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.expected.json'))
  .map((file) => file.replace('.expected.json', ''));

const dataset: ImageDataset = {
  ...CIFAR10,
  train: await cifarRecords('data_batch_1', 640),
  test: await cifarRecords('test_batch', 256),
  source: 'fixture',
};

export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(folder, `${name}.expected.json`), 'utf8'));
}

/** Begins the run of a fixture: its first parameters, masks and batches. @param steps all if not given. */
export function trainerOf(device: Device, name: string, steps?: number) {
  const where = `${name}.init.safetensors`;
  const { tensors } = parseSafetensors(readFileSync(join(folder, where)), where);
  return createTrainer(device, { ...configOf(expectedOf(name)), maxSteps: steps }, dataset, { tensors, where });
}

/** The settings of a fixture as a configuration: records in file order, one epoch, no dropout. */
function configOf(expected: Expected): RunConfig {
  return {
    ...defaultConfig('cifar10'),
    model: expected.model,
    method: expected.method,
    sparsity: expected.sparsity,
    blockSize: expected.block_size || 16,
    batchSize: expected.batch_size,
    learningRate: expected.lr,
    momentum: expected.momentum,
    weightDecay: expected.weight_decay,
    epochs: 1,
    milestones: [],
    dropout: 0,
    convBias: true,
    augment: 'none',
    shuffle: false,
    logEvery: 1,
  };
}
