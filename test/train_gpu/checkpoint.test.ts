// Checkpoints of real runs: everything comes back, a run goes on from one bit for bit, and damaged ones change nothing.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { Random } from '../../src/tensor/index.js';
import {
  type Checkpoint,
  createTrainer,
  encodeCheckpoint,
  encodeSafetensors,
  METHOD_NAMES,
  parseCheckpoint,
  parseSafetensors,
  type RunConfig,
  readState,
  restoreTrainer,
  type SafetensorsTensor,
  sealCheckpoint,
  type Trainer,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const where = 'checkpoint.safetensors';

/** Trains up to `step` and returns the checkpoint there; the trainer goes on to its end. */
async function runWithCheckpoint(config: RunConfig, step: number) {
  const trainer = await createTrainer(device, config, dataset);
  let bytes = new Uint8Array();
  const losses: number[] = [];
  for await (const event of trainer.run()) {
    if (event.type !== 'step') continue;
    losses.push(event.loss);
    if (event.step + 1 === step) bytes = (await encodeCheckpoint(trainer)) as Uint8Array<ArrayBuffer>;
  }
  const end = await encodeCheckpoint(trainer);
  trainer.dispose();
  return { bytes, losses, end };
}

/** A trainer that stands where the checkpoint was made. */
async function resumed(checkpoint: Checkpoint): Promise<Trainer> {
  const trainer = await createTrainer(device, checkpoint.config, dataset, { tensors: checkpoint.model, where });
  restoreTrainer(trainer, checkpoint, where);
  return trainer;
}

/** Changes one tensor: its numbers, its type, its shape, its name, or that it is there. */
function mutate(tensors: Map<string, SafetensorsTensor>, random: Random): void {
  const names = [...tensors.keys()].filter((one) => random.below(2) === 0 || !one.includes('values'));
  const name = names[random.below(names.length)];
  const tensor = tensors.get(name)!;
  const { dtype, shape, data } = tensor;
  const numbers = data.slice();
  switch (random.below(5)) {
    case 0:
      for (let i = 0; i < 8; i++) numbers[random.below(numbers.length)] = random.below(256);
      tensors.set(name, { ...tensor, data: numbers });
      break;
    case 1:
      tensors.set(name, { ...tensor, dtype: dtype === 'F32' ? 'U32' : 'F32', shape: dtype === 'U8' ? [1] : shape });
      if (dtype === 'U8') tensors.set(name, { dtype: 'F32', shape: [1], data: data.slice(0, 4) });
      break;
    case 2:
      tensors.set(name, { ...tensor, shape: [1, ...shape] });
      break;
    case 3:
      tensors.delete(name);
      tensors.set(`${name}.x`, tensor);
      break;
    default:
      tensors.delete(name);
  }
}

const CASES: [string, Partial<RunConfig>][] = [
  ...METHOD_NAMES.map((method): [string, Partial<RunConfig>] => [method, { method }]),
  ['dsb, gradients of three steps', { growthSteps: 3 }],
  ['rigl, grown by momentum', { method: 'rigl', growth: 'momentum' }],
  ['dsb, AdamW', { optimizer: 'adamw', learningRate: 0.005 }],
  ['rigl, AdamW, averaged weights', { method: 'rigl', optimizer: 'adamw', learningRate: 0.005, ema: 0.9 }],
  ['dsb, averaged weights, batches in parts', { ema: 0.9, microBatch: 6, dropout: 0.2 }],
];

describe.each(CASES)('%s', (_, change) => {
  // After step 8 an update has just been made; after step 7 the gradients of one step wait for the next, if several count.
  it.each([7, 9])('goes on from a checkpoint after step %i as if it had not stopped', async (step) => {
    const config: RunConfig = { ...CONFIG, maxSteps: 15, updateEnd: 14, ...change };
    const { bytes, losses, end } = await runWithCheckpoint(config, step);
    const checkpoint = parseCheckpoint(bytes, where);
    expect(checkpoint.step).toBe(step);
    expect(checkpoint.config).toEqual(config);
    const trainer = await resumed(checkpoint);
    expect(Buffer.from(bytes).equals(await encodeCheckpoint(trainer))).toBe(true);
    const later: number[] = [];
    const epochs: number[] = [];
    for await (const event of trainer.run()) {
      if (event.type === 'step') later.push(event.loss);
      if (event.type === 'epoch') epochs.push(event.step);
    }
    expect(later).toEqual(losses.slice(step));
    expect(epochs).toEqual([12, 15]);
    expect(Buffer.from(end).equals(await encodeCheckpoint(trainer))).toBe(true);
    trainer.dispose();
  });
});

describe('topology state', () => {
  const config: RunConfig = { ...CONFIG, growthSteps: 3, maxSteps: 15 };
  const namesOf = ({ topology }: Checkpoint) => [...topology.keys()];

  it('holds gradients only between the steps that count for one update', async () => {
    const explored = ['explored.fc1', 'explored.fc2'];
    const gradients = ['gradient.fc1', 'gradient.fc2'];
    const [half, whole] = [await runWithCheckpoint(config, 7), await runWithCheckpoint(config, 9)];
    expect(namesOf(parseCheckpoint(half.bytes, where))).toEqual([...gradients, ...explored]);
    expect(namesOf(parseCheckpoint(whole.bytes, where))).toEqual(explored);
  });

  it.each<[string, (state: Checkpoint['topology']) => void, RegExp]>([
    [
      'a missing gradient',
      (state) => state.delete('gradient.fc2'),
      /expected gradient\.fc1 \[300,64\], .* at step 7, got .*/,
    ],
    [
      'one of another layer',
      (state) => state.set('gradient.fc4', state.get('gradient.fc1')!),
      /, gradient\.fc4 \[300,64\]/,
    ],
    ['another shape', (state) => state.set('explored.fc2', state.get('explored.fc1')!), /, explored\.fc2 \[2400\]$/],
  ])('with %s is refused', async (_, damage, message) => {
    const { bytes } = await runWithCheckpoint(config, 7);
    const checkpoint = parseCheckpoint(bytes, where);
    damage(checkpoint.topology);
    const trainer = await createTrainer(device, config, dataset, { tensors: checkpoint.model, where });
    const restore = () => trainer.parts.topology!.restore(checkpoint.topology, checkpoint.step, where);
    expect(restore).toThrow(InputError);
    expect(restore).toThrow(message);
    trainer.dispose();
  });
});

describe('restoreTrainer', () => {
  it.each<[string, (checkpoint: Checkpoint) => Checkpoint, RegExp]>([
    [
      'without a velocity',
      (one) => ({ ...one, state: new Map([...one.state].slice(1)) }),
      /^checkpoint\.safetensors: optimizer\.\S+: expected \[.*\], got none$/,
    ],
    [
      'with a velocity too much',
      (one) => ({
        ...one,
        state: new Map([...one.state, ['optimizer.velocity.fc9.weight', [...one.state.values()][0]]]),
      }),
      /^checkpoint\.safetensors: optimizer\.velocity\.fc9\.weight: expected no such state in this run, got one$/,
    ],
    [
      'with a velocity of bytes',
      (one) => ({
        ...one,
        state: new Map([...one.state].map(([name, tensor]) => [name, { ...tensor, dtype: 'U32' }])),
      }),
      /^checkpoint\.safetensors: optimizer\.\S+: expected F32, .*, got U32/,
    ],
    [
      'in an epoch that the step is not in',
      (one) => ({ ...one, finishedEpochs: 4 }),
      /^checkpoint\.safetensors: step 7 with 6 steps an epoch: expected 1 finished epochs, got 4$/,
    ],
    [
      'with topologies explored in floats',
      (one) => ({
        ...one,
        topology: new Map([...one.topology].map(([name, tensor]) => [name, { ...tensor, dtype: 'F32' }])),
      }),
      /^checkpoint\.safetensors: topology\.explored\.fc1: expected U8, got F32 \[2400\]$/,
    ],
  ])('refuses a checkpoint %s', async (_, damage, message) => {
    const { bytes } = await runWithCheckpoint({ ...CONFIG, maxSteps: 7 }, 7);
    const checkpoint = damage(parseCheckpoint(bytes, where));
    const trainer = await createTrainer(device, { ...CONFIG }, dataset, { tensors: checkpoint.model, where });
    const restore = () => restoreTrainer(trainer, checkpoint, where);
    expect(restore).toThrow(InputError);
    expect(restore).toThrow(message);
    trainer.dispose();
  });

  it('goes on between the last step of an epoch and its evaluation, and after an epoch that the run had cut short', async () => {
    const linesFrom = async (trainer: Trainer) => {
      const lines: unknown[] = [];
      for await (const { ...event } of trainer.run({ pauseEvery: 2 })) {
        if (event.type === 'step') lines.push([event.step, event.loss]);
        if (event.type === 'epoch') lines.push([event.epoch, event.trainLoss, event.testLoss, trainer.position.best]);
      }
      trainer.dispose();
      return lines;
    };
    const config: RunConfig = { ...CONFIG, updateEnd: 9, maxSteps: 15 };
    const whole = await linesFrom(await createTrainer(device, config, dataset));
    const { bytes: beforeEvaluation } = await runWithCheckpoint(config, 12);
    // Six steps an epoch: twelve lines of steps and one of an epoch come before.
    expect(await linesFrom(await resumed(parseCheckpoint(beforeEvaluation, where)))).toEqual(whole.slice(13));

    const short = await createTrainer(device, { ...config, maxSteps: 8 }, dataset);
    for await (const _ of short.run());
    const ended = parseCheckpoint(await encodeCheckpoint(short), where);
    short.dispose();
    expect(ended).toMatchObject({ step: 8, finishedEpochs: 2 });
    const longer = await resumed({ ...ended, config });
    const accuracies = (lines: unknown[]) => lines.map((line) => (line as unknown[]).slice(0, 3));
    expect(accuracies(await linesFrom(longer))).toEqual(accuracies(whole.slice(9)));
  });
});

describe('another file', () => {
  it('of another model is refused with what does not fit', async () => {
    const trainer = await createTrainer(device, { ...CONFIG, method: 'dense' }, dataset);
    const { model } = parseCheckpoint(await encodeCheckpoint(trainer), where);
    trainer.dispose();
    const { usedBytes } = device.memory();
    const other = createTrainer(device, { ...CONFIG, model: 'wrn-10-1' }, dataset, { tensors: model, where });
    await expect(other).rejects.toThrow(InputError);
    await expect(other).rejects.toThrow(
      /^checkpoint\.safetensors: the tensors do not fit the model: missing "net0_block0_conv0\.weight", .*; not in the model: .*"fc1\.weight"/,
    );
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('with damaged tables is refused before anything reaches the GPU', async () => {
    const trainer = await createTrainer(device, CONFIG, dataset);
    const bytes = await encodeCheckpoint(trainer);
    trainer.dispose();
    const { config, step, finishedEpochs, metrics } = parseCheckpoint(bytes, where);
    const { tensors } = parseSafetensors(bytes, where);
    const columns = tensors.get('fc2.weight.blocks.block_columns')!;
    const damaged = columns.data.slice();
    damaged[3] = 0x7f;
    tensors.set('fc2.weight.blocks.block_columns', { ...columns, data: damaged });
    const { model } = parseCheckpoint(sealCheckpoint(tensors, { config, step, finishedEpochs, metrics }), where);
    const { usedBytes } = device.memory();
    const refused = createTrainer(device, config, dataset, { tensors: model, where });
    await expect(refused).rejects.toThrow(
      /^checkpoint\.safetensors: fc2\.weight\.blocks: ShuffledBlocks\.fromTables: group 0, block 0, column slot 0: expected a column below 300, got 2130706/,
    );
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('with a right checksum over 300 kinds of nonsense is refused, or loaded, and never worse', async () => {
    const trainer = await createTrainer(device, { ...CONFIG, maxSteps: 1 }, dataset);
    const bytes = await encodeCheckpoint(trainer);
    trainer.dispose();
    const { config, step, finishedEpochs, metrics } = parseCheckpoint(bytes, where);
    const { usedBytes } = device.memory();
    const random = new Random(3);
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const { tensors } = parseSafetensors(bytes, where);
      mutate(tensors, random);
      const damaged = sealCheckpoint(tensors, { config, step, finishedEpochs, metrics });
      try {
        const checkpoint = parseCheckpoint(damaged, where);
        const loaded = await createTrainer(device, config, dataset, { tensors: checkpoint.model, where });
        try {
          restoreTrainer(loaded, checkpoint, where);
        } finally {
          loaded.dispose();
        }
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(200);
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('without configuration is a state dict', async () => {
    const trainer = await createTrainer(device, CONFIG, dataset);
    const bytes = encodeSafetensors(await readState(trainer.parts.model));
    trainer.dispose();
    expect(() => parseCheckpoint(bytes, where)).toThrow(/expected a checkpoint .*, got a file without format$/);
  });
});
