// Whole training runs on a small task: that they learn, repeat bit for bit, change topologies as their method says, and stop
// before a loss that is not finite.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { sparsifiableLayers } from '../../src/nn/index.js';
import {
  createTrainer,
  DivergenceError,
  type EpochEvent,
  type InitialState,
  METHOD_NAMES,
  type RunConfig,
  readState,
  type StepEvent,
  safetensor,
  type TopologyEvent,
  type Trainer,
  type TrainingEvent,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digests, digestsOf, masksOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const STEPS = 36;

function create(change: Partial<RunConfig> = {}, initial?: InitialState): Promise<Trainer> {
  return createTrainer(device, { ...CONFIG, ...change }, dataset, initial);
}

async function eventsOf(trainer: Trainer): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of trainer.run()) events.push(event);
  return events;
}

const ofType = <T extends TrainingEvent>(events: readonly TrainingEvent[], type: T['type']) =>
  events.filter((event) => event.type === type) as T[];
const lossesOf = (events: readonly TrainingEvent[]) => ofType<StepEvent>(events, 'step').map(({ loss }) => loss);

/** Trains to the end: its events, and digests of the parameters at the end. */
async function run(change: Partial<RunConfig> = {}, initial?: InitialState) {
  const trainer = await create(change, initial);
  const events = await eventsOf(trainer);
  const end = await digestsOf(trainer.parts.model);
  trainer.dispose();
  return { events, end };
}

describe.each(METHOD_NAMES)('%s', (method) => {
  it('learns; masks change as the method says, the number of weights never', async () => {
    const { usedBytes } = device.memory();
    const trainer = await create({ method });
    const before = masksOf(trainer.parts.model);
    const events = await eventsOf(trainer);
    const losses = lossesOf(events);
    expect(losses).toHaveLength(STEPS);
    expect(losses[0]).toBeGreaterThan(1);
    const last = ofType<EpochEvent>(events, 'epoch').at(-1)!;
    expect(last.trainLoss).toBeLessThan(0.5);
    expect(last.testAccuracy).toBeGreaterThan(0.9);
    expect(last.sparsity).toBeCloseTo(method === 'dense' ? 0 : 0.8, 2);

    const after = masksOf(trainer.parts.model);
    const isDynamic = ['dsb', 'rigl', 'set'].includes(method);
    const names = Object.keys(before);
    expect(names.length > 0).toBe(method !== 'dense');
    expect(names.some((name) => digests(before)[name] !== digests(after)[name])).toBe(isDynamic);
    const count = (mask: Uint8Array) => mask.reduce((sum, one) => sum + one, 0);
    for (const name of names) expect(count(after[name]), name).toBe(count(before[name]));

    const updates = ofType<TopologyEvent>(events, 'topology');
    // Every third step in the first three quarters of the run, every pruned layer.
    const expected = [2, 5, 8, 11, 14, 17, 20, 23, 26].flatMap((step) => names.map((layer) => ({ step, layer })));
    expect(updates.map(({ step, layer }) => ({ step, layer }))).toEqual(isDynamic ? expected : []);
    for (const { nnz, layer, grown, dropped, candidates } of updates) {
      expect(nnz).toBe(count(after[layer]));
      expect(grown).toBe(dropped);
      expect(candidates).toBeLessThanOrEqual(0.3 * nnz);
    }
    trainer.dispose();
    expect(device.memory().usedBytes, 'memory after dispose').toBe(usedBytes);
  });

  it('repeats bit for bit from one seed, and not from another', async () => {
    const change = { method, maxSteps: 8, dropout: 0.2, augment: 'standard' as const };
    const first = await run(change);
    const again = await run(change);
    const other = await run({ ...change, seed: 1 });
    expect(lossesOf(again.events)).toEqual(lossesOf(first.events));
    expect(again.end).toEqual(first.end);
    expect(lossesOf(other.events)).not.toEqual(lossesOf(first.events));
  });
});

describe('a network with dropout and batch statistics', () => {
  it('repeats bit for bit, whatever is logged', async () => {
    const change = { model: 'wrn-10-1', method: 'dsb', maxSteps: 4 } as const;
    const every = await run(change);
    const last = await run({ ...change, logEvery: 100 });
    expect(lossesOf(last.events)).toEqual(lossesOf(every.events).slice(-1));
    expect(last.end).toEqual(every.end);
    expect((await run({ ...change, dropout: 0 })).end).not.toEqual(every.end);
  });
});

describe('events', () => {
  it('come in the order of the run', async () => {
    const { events } = await run({ method: 'ssb', epochs: 2, logEvery: 4, batchSize: 20, milestones: [1] });
    const line = (event: TrainingEvent) =>
      event.type === 'step'
        ? `step ${event.step} epoch ${event.epoch} lr ${event.lr.toFixed(4)}`
        : `epoch ${event.step}`;
    // Five steps an epoch, the last of 16 images.
    expect(events.map(line)).toEqual([
      'step 3 epoch 0 lr 0.1000',
      'epoch 5',
      'step 7 epoch 1 lr 0.0100',
      'step 9 epoch 1 lr 0.0100',
      'epoch 10',
    ]);
  });

  it('hold the mean over the images of the epoch, each before its update', async () => {
    const { events } = await run({ method: 'dense', epochs: 1, batchSize: 40 });
    const [first, second, third] = lossesOf(events);
    const [epoch] = ofType<EpochEvent>(events, 'epoch');
    expect(epoch.trainLoss).toBeCloseTo((40 * first + 40 * second + 16 * third) / 96, 5);
    expect(Number.isInteger(epoch.trainAccuracy * 96)).toBe(true);
    expect(Number.isInteger(epoch.testAccuracy * 32)).toBe(true);
    expect(epoch.testTop5).toBe(1);
    expect(epoch.seconds).toBeGreaterThan(0);
  });

  it('come as often as a caller asks, and do not count what it does in between', async () => {
    const trainer = await create({ method: 'dense', logEvery: 100, epochs: 1 });
    const steps: StepEvent[] = [];
    for await (const event of trainer.run({ logEvery: 2 })) {
      if (event.type === 'step') steps.push(event);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    trainer.dispose();
    expect(steps.map(({ step }) => step)).toEqual([1, 3, 5]);
    expect(Math.max(...steps.slice(1).map(({ ms }) => ms))).toBeLessThan(500);
  });

  it('end after max-steps, in the middle of an epoch', async () => {
    const trainer = await create({ maxSteps: 8 });
    expect(trainer.totalSteps).toBe(8);
    const events = await eventsOf(trainer);
    expect(lossesOf(events)).toHaveLength(8);
    expect(ofType<EpochEvent>(events, 'epoch').map(({ step }) => step)).toEqual([6, 8]);
    trainer.dispose();
    const longer = await create({ maxSteps: 1000 });
    expect(longer.totalSteps).toBe(STEPS);
    longer.dispose();
  });

  it('start without shuffling at the first images', async () => {
    const plain = await run({ method: 'dense', shuffle: false, maxSteps: 1 });
    const limited = await run({ method: 'dense', shuffle: false, limitTrain: 16, epochs: 1 });
    expect(lossesOf(limited.events)).toEqual(lossesOf(plain.events));
    const shuffled = await run({ method: 'dense', maxSteps: 1 });
    expect(lossesOf(shuffled.events)).not.toEqual(lossesOf(plain.events));
  });
});

describe('options', () => {
  it('are taken over: momentum, weight decay, label smoothing, convolution biases', async () => {
    const base = await run({ method: 'dense', maxSteps: 3 });
    for (const change of [{ momentum: 0 }, { weightDecay: 0.1 }, { labelSmoothing: 0.1 }, { batchSize: 8 }]) {
      const changed = await run({ method: 'dense', maxSteps: 3, ...change });
      expect(changed.end, JSON.stringify(change)).not.toEqual(base.end);
    }
    const trainer = await create({ model: 'wrn-10-1', convBias: true });
    expect([...trainer.parts.model.parameters()].map(([name]) => name)).toContain('net1.layer.0.conv0.bias');
    trainer.dispose();
  });

  it('stop updates at updateEnd', async () => {
    const { events } = await run({ method: 'rigl', updateEnd: 6 });
    const steps = ofType<TopologyEvent>(events, 'topology').map(({ step }) => step);
    expect([...new Set(steps)]).toEqual([2, 5]);
  });
});

describe('growth', () => {
  const STEPS_WITHOUT_LOG = { maxSteps: 9, updateEnd: 9, logEvery: 100 };
  const topologyOf = async (change: Partial<RunConfig>) => {
    const trainer = await create({ ...STEPS_WITHOUT_LOG, ...change });
    await eventsOf(trainer);
    const masks = digests(masksOf(trainer.parts.model));
    trainer.dispose();
    return masks;
  };

  it('is what tells SET from RigL', async () => {
    expect(await topologyOf({ method: 'rigl', growth: 'random' })).toEqual(await topologyOf({ method: 'set' }));
    expect(await topologyOf({ method: 'set', growth: 'gradient' })).toEqual(await topologyOf({ method: 'rigl' }));
    expect(await topologyOf({ method: 'rigl' })).not.toEqual(await topologyOf({ method: 'set' }));
  });

  it.each(['dsb', 'rigl'] as const)('%s: depends on where and over how many steps', async (method) => {
    const changes: Partial<RunConfig>[] = [{}, { growth: 'random' }, { growthSteps: 3 }, { growth: 'momentum' }];
    const found = new Set<string>();
    for (const change of changes) found.add(JSON.stringify(await topologyOf({ method, ...change })));
    expect(found.size).toBe(changes.length);
  });

  it('explores more of a layer with each update that moves something', async () => {
    const { events } = await run({ method: 'rigl', maxSteps: 12, updateEnd: 12 });
    const layer = ofType<TopologyEvent>(events, 'topology').filter((event) => event.layer === 'fc1');
    expect(layer).toHaveLength(4);
    const size = 300 * 64;
    let explored = layer[0].nnz;
    for (const event of layer) {
      expect(event.explored * size).toBeGreaterThan(explored);
      expect(event.explored * size).toBeLessThanOrEqual(explored + event.grown + 0.5);
      explored = Math.round(event.explored * size);
    }
  });

  it('begins when it is told to', async () => {
    const { events } = await run({ updateBegin: 7, maxSteps: 14, updateEnd: 14 });
    expect(new Set(ofType<TopologyEvent>(events, 'topology').map(({ step }) => step))).toEqual(new Set([8, 11]));
    await expect(create({ updateBegin: 27 })).rejects.toThrow(
      new InputError(
        'T_end: expected more than 29, the step of the first topology update (T 3, T_begin 27), got 27: nothing would ever change',
      ),
    );
  });
});

describe('an initial state', () => {
  it('is where the run starts, with its topology', async () => {
    const source = await create({ seed: 5 });
    const initial = { tensors: await readState(source.parts.model), where: 'file' };
    const trainer = await create({ seed: 6 }, initial);
    expect(await digestsOf(trainer.parts.model)).toEqual(await digestsOf(source.parts.model));
    expect(digests(masksOf(trainer.parts.model))).toEqual(digests(masksOf(source.parts.model)));
    source.dispose();
    trainer.dispose();
  });

  it('is pruned if it is dense', async () => {
    const source = await create({ method: 'dense' });
    const initial = { tensors: await readState(source.parts.model), where: 'file' };
    const trainer = await create({ method: 'rigl', seed: 6 }, initial);
    const [[name, { weight }]] = sparsifiableLayers(trainer.parts.model);
    const dense = await source.parts.model.modules().next().value![1].children()[0][1].ownParameters()[0][1].read();
    const pruned = await weight.readDense();
    expect(name).toBe('fc1');
    expect(pruned.every((value, i) => value === 0 || value === dense[i])).toBe(true);
    source.dispose();
    trainer.dispose();
  });

  it.each([
    ['dsb', 'rigl', 'expected a mask for method rigl, got 284 blocks of 4'],
    ['ssb', 'set', 'expected a mask for method set, got 284 blocks of 4'],
    ['dsb', 'dense', 'expected no pruned weights for method dense, got 284 blocks of 4'],
  ] as const)('of %s is refused by %s, and nothing stays behind', async (from, to, expected) => {
    const source = await create({ method: from });
    const initial = { tensors: await readState(source.parts.model), where: 'file' };
    source.dispose();
    const { usedBytes } = device.memory();
    await expect(create({ method: to }, initial)).rejects.toThrow(new InputError(`file: fc1.weight: ${expected}`));
    expect(device.memory().usedBytes).toBe(usedBytes);
  });
});

describe('a loss that is not finite', () => {
  const HUGE = { method: 'dense', learningRate: 1e20, momentum: 0 } as const;

  async function failure(trainer: Trainer): Promise<DivergenceError> {
    const error = await eventsOf(trainer).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error.message).not.toContain('\n');
    return error;
  }

  it.each([1, 1000])(
    'ends the run with the parameters of the step before (logging every %i steps)',
    async (logEvery) => {
      const { usedBytes } = device.memory();
      const trainer = await create({ ...HUGE, logEvery });
      const error = await failure(trainer);
      expect(error.step).toBeGreaterThan(0);
      expect(error.message).toMatch(
        new RegExp(
          `^step ${error.step}: expected a finite loss, got NaN or infinity; the first output that is not finite is that of \\w+\\. Parameters are kept`,
        ),
      );
      const good = await create({ ...HUGE, maxSteps: error.step });
      // What it ends with cannot be evaluated either.
      await failure(good);
      expect(await digestsOf(trainer.parts.model)).toEqual(await digestsOf(good.parts.model));
      for (const one of [trainer, good]) one.dispose();
      expect(device.memory().usedBytes).toBe(usedBytes);
    },
  );

  it('frees the gradients of an update that is not made', async () => {
    const { usedBytes } = device.memory();
    const trainer = await create({ ...HUGE, method: 'dsb', updateInterval: 1, updateEnd: 1000 });
    await failure(trainer);
    trainer.dispose();
    expect(device.memory().usedBytes).toBe(usedBytes);
  });

  it('is told also where the last batch of an epoch fails', async () => {
    const trainer = await create({ ...HUGE, limitTrain: 32, epochs: 1, logEvery: 1000 });
    expect((await failure(trainer)).step).toBe(1);
    trainer.dispose();
  });

  it('is told where the last update leaves weights that cannot be evaluated, before they count as best', async () => {
    const trainer = await create({ ...HUGE, learningRate: 1e30, maxSteps: 1 });
    const { message, step } = await failure(trainer);
    expect(step).toBe(0);
    expect(message).toMatch(/^step 0: expected a finite loss on the test images after it, got NaN or infinity; /);
    expect(message).toContain('Try a lower learning rate');
    expect(trainer.position.best).toBeUndefined();
    trainer.dispose();
  });

  it('names the parameter that was not finite from the start', async () => {
    const source = await create({ method: 'dense' });
    const tensors = await readState(source.parts.model);
    source.dispose();
    tensors.set('fc2.bias', safetensor(new Float32Array(100).fill(Number.NaN), [100]));
    const trainer = await create({ method: 'dense' }, { tensors, where: 'file' });
    const { message, step } = await failure(trainer);
    expect(step).toBe(0);
    expect(message).toContain('parameter fc2.bias is not finite from the start');
    trainer.dispose();
  });
});
