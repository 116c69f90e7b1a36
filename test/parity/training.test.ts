// Whole training runs against PyTorch: same parameters, masks and batches, hence the same losses. The first five losses agree
// within 0.1%. Later ones and the norms of weights within 2% and the evaluation within 3%, or within 1.5 times what PyTorch itself strays
// when only rounding changes, where that is more (pytorch_spread.json: up to 3.6%, 2.2% and 24%; training at rate 0.1 is chaotic).

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CIFAR10, type ImageDataset } from '../../src/data/index.js';
import { BlockWeight, sparsifiableLayers } from '../../src/nn/index.js';
import {
  asFloat32,
  createTrainer,
  defaultConfig,
  layerSummaries,
  parseSafetensors,
  type RunConfig,
  readDenseState,
  type StepEvent,
} from '../../src/train/index.js';
import { cifarRecords } from '../support/cifar_records.node.js';
import { testDevice } from '../support/device.js';

const folder = fileURLToPath(new URL('../../../shared/fixtures/parity/', import.meta.url));
const spreads: Record<string, { losses: number[]; evaluation: number; norms: Record<string, number> }> = JSON.parse(
  readFileSync(new URL('./pytorch_spread.json', import.meta.url), 'utf8'),
);
/** PyTorch's spread is the largest of eleven runs; ours is one more. */
const SPREAD_MARGIN = 1.5;

// Throws, and so fails, where the fixtures are missing.
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.expected.json'))
  .map((file) => file.replace('.expected.json', ''));

const dataset: ImageDataset = {
  ...CIFAR10,
  train: await cifarRecords('data_batch_1', 640),
  test: await cifarRecords('test_batch', 256),
  source: 'fixture',
};
const device = await testDevice();

/** The settings of a fixture as a configuration: records in file order, one epoch, no dropout. */
function configOf(expected: Record<string, number & string>): RunConfig {
  return {
    ...defaultConfig('cifar10'),
    model: expected.model,
    method: expected.method as RunConfig['method'],
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

describe('training fixtures', () => {
  it('are all there', () => {
    expect(names).toHaveLength(4);
  });

  it.each(names)('%s', async (name) => {
    const expected = JSON.parse(readFileSync(join(folder, `${name}.expected.json`), 'utf8'));
    const where = `${name}.init.safetensors`;
    const { tensors } = parseSafetensors(readFileSync(join(folder, where)), where);
    const trainer = await createTrainer(device, configOf(expected), dataset, { tensors, where });
    const { model } = trainer.parts;
    expect(Object.fromEntries(layerSummaries(model).map((layer) => [layer.name, layer.active]))).toEqual(
      expected.active,
    );
    const blocks = sparsifiableLayers(model).filter(([, { weight }]) => weight instanceof BlockWeight).length;
    expect(blocks > 0).toBe(expected.method === 'ssb');

    const losses: number[] = [];
    let evaluationLoss = Number.NaN;
    for await (const event of trainer.run()) {
      if (event.type === 'step') losses.push((event as StepEvent).loss);
      if (event.type === 'epoch') {
        evaluationLoss = event.testLoss;
      }
    }
    if (process.env.PRINT) {
      const deviations = losses.map((loss, step) => ((loss / expected.losses[step] - 1) * 100).toFixed(3));
      console.log(
        `${name}: losses differ by ${deviations.join(' ')} percent; evaluation ${evaluationLoss} expected ${expected.eval_loss}`,
      );
    }
    expect(losses).toHaveLength(expected.losses.length);
    const spread = spreads[name];
    for (const [step, loss] of losses.entries()) {
      const tolerance = step < 5 ? 0.001 : Math.max(0.02, SPREAD_MARGIN * spread.losses[step]);
      expect(Math.abs(loss / expected.losses[step] - 1), `loss of step ${step}`).toBeLessThan(tolerance);
    }
    const tolerance = Math.max(0.03, SPREAD_MARGIN * spread.evaluation);
    expect(Math.abs(evaluationLoss / expected.eval_loss - 1), 'evaluation loss').toBeLessThan(tolerance);
    // Norms of biases depend on single steps; those of weights less so.
    const state = await readDenseState(model);
    for (const { name: layer } of layerSummaries(model)) {
      const values = asFloat32(state.get(`${layer}.weight`)!, layer);
      const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      const bound = Math.max(0.02, SPREAD_MARGIN * spread.norms[`${layer}.weight`]);
      expect(Math.abs(norm / expected.final_norms[`${layer}.weight`] - 1), `norm of ${layer}`).toBeLessThan(bound);
    }
    trainer.dispose();
  });
});
