// Parts of the training recipe in whole runs: optimizers, batches in parts, averages of the weights.

import { describe, expect, it } from 'vitest';
import { BlockWeight, type Module, sparsifiableLayers } from '../../src/nn/index.js';
import type { Tensor } from '../../src/tensor/index.js';
import {
  createTrainer,
  DivergenceError,
  type EpochEvent,
  encodeCheckpoint,
  evaluate,
  evaluatedState,
  parseCheckpoint,
  type RunConfig,
  type StepEvent,
  type TopologyEvent,
  type Trainer,
  type TrainingEvent,
} from '../../src/train/index.js';
import { expectClose } from '../support/compare.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digests, digestsOf, masksOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
/** 40 images of lenet5's size: two batches of 16 and one of 8. */
const digitSized = patterns(40, 16, 28);

const create = (change: Partial<RunConfig>, data = dataset) => createTrainer(device, { ...CONFIG, ...change }, data);

const ofType = <T extends TrainingEvent>(events: readonly TrainingEvent[], type: T['type']) =>
  events.filter((event) => event.type === type) as T[];

/** Trains to the end; `look` sees the trainer after every event. */
async function run(change: Partial<RunConfig>, data = dataset, look?: (trainer: Trainer) => Promise<void>) {
  const trainer = await create(change, data);
  const events: TrainingEvent[] = [];
  for await (const event of trainer.run()) {
    events.push(event);
    if (event.type === 'step') await look?.(trainer);
  }
  const end = await digestsOf(trainer.parts.model);
  const masks = digests(masksOf(trainer.parts.model));
  const checkpoint = parseCheckpoint(await encodeCheckpoint(trainer), 'checkpoint');
  trainer.dispose();
  return {
    ...{ end, masks, checkpoint },
    losses: ofType<StepEvent>(events, 'step').map(({ loss }) => loss),
    epochs: ofType<EpochEvent>(events, 'epoch'),
    updates: ofType<TopologyEvent>(events, 'topology').map(({ ms, ...update }) => update),
  };
}

describe('AdamW', () => {
  it.each(['dense', 'dsb', 'rigl'] as const)('learns, %s', async (method) => {
    const { usedBytes } = device.memory();
    const { epochs } = await run({ method, optimizer: 'adamw', learningRate: 0.005, weightDecay: 0.01 });
    expect(epochs.at(-1)!.trainLoss).toBeLessThan(0.5);
    expect(epochs.at(-1)!.testAccuracy).toBeGreaterThan(0.9);
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('heeds its options', async () => {
    const base = { method: 'dense', optimizer: 'adamw', maxSteps: 3 } as const;
    const { end } = await run(base);
    for (const change of [{ betas: [0.5, 0.9] as const }, { epsilon: 0.1 }, { weightDecay: 0.5 }]) {
      expect((await run({ ...base, ...change })).end, JSON.stringify(change)).not.toEqual(end);
    }
  });
});

it("Nesterov's momentum is another", async () => {
  const base = { method: 'dense', maxSteps: 3 } as const;
  expect((await run({ ...base, nesterov: true })).end).not.toEqual((await run(base)).end);
});

it('the learning rate warms up epoch by epoch', async () => {
  const trainer = await create({ method: 'dense', epochs: 4, warmupEpochs: 2, milestones: [3], logEvery: 6 });
  const rates: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') rates.push(Number(event.lr.toPrecision(6)));
  trainer.dispose();
  expect(rates).toEqual([0.05, 0.1, 0.1, 0.01]);
});

describe('a batch in parts', () => {
  const LENET = { model: 'lenet5', epochs: 2, learningRate: 0.02, updateInterval: 2, updateEnd: 6 } as const;

  it.each([
    { method: 'dense', labelSmoothing: 0.1 },
    { method: 'dsb' },
    { method: 'rigl', optimizer: 'adamw', learningRate: 0.001, growthSteps: 2 },
  ] as const)('trains lenet5 as a whole batch does: %o', async (change) => {
    const whole = await run({ ...LENET, ...change }, digitSized);
    const parts = await run({ ...LENET, ...change, microBatch: 5 }, digitSized);
    expect(whole.losses).toHaveLength(6);
    for (const [step, loss] of whole.losses.entries()) {
      expect(Math.abs(parts.losses[step] - loss), `step ${step}`).toBeLessThan(1e-5);
    }
    expect(parts.updates).toEqual(whole.updates);
    expect(parts.masks).toEqual(whole.masks);
    for (const [i, epoch] of whole.epochs.entries()) {
      expect(parts.epochs[i].trainLoss).toBeCloseTo(epoch.trainLoss, 5);
      expect(parts.epochs[i].trainAccuracy).toBe(epoch.trainAccuracy);
      expect(parts.epochs[i].testAccuracy).toBe(epoch.testAccuracy);
    }
  });

  it('as large as the batch changes nothing', async () => {
    const change = { method: 'dense', maxSteps: 4 } as const;
    expect((await run({ ...change, microBatch: 16 })).end).toEqual((await run(change)).end);
  });

  it('repeats bit for bit with batch statistics and dropout', async () => {
    const change = { model: 'wrn-10-1', maxSteps: 3, microBatch: 8, dropout: 0.3 } as const;
    const first = await run(change);
    expect((await run(change)).end).toEqual(first.end);
    expect(first.losses.every(Number.isFinite)).toBe(true);
  });

  it('names the layer that fails', async () => {
    const trainer = await create({ method: 'dense', learningRate: 1e20, momentum: 0, microBatch: 6, ema: 0.5 });
    const finish = async () => {
      for await (const _ of trainer.run());
    };
    const error = await finish().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error.message).toMatch(/the first output that is not finite is that of \w+\./);
    for (const [name, tensor] of trainer.state()) expect((await tensor.read()).every(Number.isFinite), name).toBe(true);
    trainer.dispose();
  });
});

describe('averages of the weights', () => {
  const DECAY = 0.8;

  /** Every value that is averaged, dense, with the average in the same order. */
  async function averagesOf({ parts: { model, average } }: Trainer) {
    const stored = new Map(average!.state());
    const layers = new Map(sparsifiableLayers(model).map(([name, { weight }]) => [`${name}.weight`, weight]));
    const entries = valuesOf(model).map(async ([name, tensor]) => {
      const weight = layers.get(name);
      const [value, mean] = await Promise.all([tensor, stored.get(`ema.${name}`)!].map(readFloats));
      if (!(weight instanceof BlockWeight)) return [name, { value, mean }] as const;
      const dense = (values: Float32Array) => weight.blocks.withValues(values).toDense();
      return [name, { value: dense(value), mean: dense(mean), mask: weight.blocks.toMask() }] as const;
    });
    return new Map<string, { value: Float32Array; mean: Float32Array; mask?: Uint8Array }>(await Promise.all(entries));
  }

  const valuesOf = (model: Module): [string, Tensor][] => [
    ...model.parameters(),
    ...[...model.statistics()].map(([name, { tensor }]): [string, Tensor] => [name, tensor]),
  ];
  const readFloats = async (tensor: Tensor) => (await tensor.read()) as Float32Array;

  it.each([
    { method: 'dense', model: 'wrn-10-1', maxSteps: 4 },
    { method: 'dsb', maxSteps: 12, updateEnd: 12 },
  ] as const)('are those of every step, and 0 for weights that have just grown: %o', async (change) => {
    let expected: Map<string, Float64Array> | undefined;
    let masks = new Map<string, Uint8Array | undefined>();
    const grown: number[] = [];
    const start = await create({ ...change, ema: DECAY });
    const initial = await averagesOf(start);
    expected = new Map([...initial].map(([name, { value }]) => [name, Float64Array.from(value)]));
    masks = new Map([...initial].map(([name, { mask }]) => [name, mask]));
    start.dispose();
    await run({ ...change, ema: DECAY }, dataset, async (trainer) => {
      for (const [name, { value, mean, mask }] of await averagesOf(trainer)) {
        const before = masks.get(name);
        const average = expected!.get(name)!;
        for (let i = 0; i < average.length; i++) {
          const survives = mask === undefined || (before![i] === 1 && mask[i] === 1);
          average[i] = survives ? DECAY * average[i] + (1 - DECAY) * value[i] : 0;
        }
        grown.push(mask?.filter((one, i) => one > before![i]).length ?? 0);
        expectClose(mean, average, 1e-5, name);
        masks.set(name, mask);
      }
    });
    expect(Math.max(...grown) > 0).toBe(change.method === 'dsb');
  });

  it.each(['dense', 'dsb', 'rigl'] as const)(
    'are what is evaluated, and what a checkpoint gives for evaluation; training does not see them: %s',
    async (method) => {
      const change = { method, maxSteps: 9, milestones: [] };
      const plain = await run(change);
      const averaged = await run({ ...change, ema: 0.9 });
      expect(averaged.losses).toEqual(plain.losses);
      expect(averaged.end).toEqual(plain.end);
      const { testLoss } = averaged.epochs.at(-1)!;
      expect(Math.abs(testLoss - plain.epochs.at(-1)!.testLoss)).toBeGreaterThan(0.01);

      const tensors = evaluatedState(averaged.checkpoint);
      const loaded = await createTrainer(device, { ...CONFIG, ...change }, dataset, { tensors, where: 'checkpoint' });
      const { model, test } = loaded.parts;
      expect((await evaluate(device, model, test, 16)).loss).toBeCloseTo(testLoss, 5);
      loaded.dispose();
      expect(evaluatedState(plain.checkpoint)).toEqual(plain.checkpoint.model);
    },
  );

  it('of decay 0 are the weights', async () => {
    const change = { method: 'ssb', maxSteps: 6 } as const;
    const [plain] = (await run(change)).epochs;
    const [averaged] = (await run({ ...change, ema: 0 })).epochs;
    expect(averaged.testLoss).toBeCloseTo(plain.testLoss, 5);
  });
});
