// Training in f16: as good as in f32, in less memory, and through overflows.

import { describe, expect, it } from 'vitest';
import { sparsifiableLayers } from '../../src/nn/index.js';
import {
  createTrainer,
  DivergenceError,
  encodeCheckpoint,
  type OverflowEvent,
  parseCheckpoint,
  type RunConfig,
  restoreTrainer,
  type Trainer,
  type TrainingEvent,
} from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, digestsOf, patterns } from './support.js';

const device = await testDevice();
const dataset = patterns();
const HALF = { ...CONFIG, method: 'dense', precision: 'f16', maxSteps: 12 } as const satisfies RunConfig;

const create = (change: Partial<RunConfig> = {}): Promise<Trainer> =>
  createTrainer(device, { ...HALF, ...change }, dataset);

async function eventsOf(trainer: Trainer): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of trainer.run()) events.push(event);
  return events;
}

const lossesOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? event.loss : []));
const overflowsOf = (events: readonly TrainingEvent[]) =>
  events.filter((event): event is OverflowEvent => event.type === 'overflow');

/** Whether the next step's gradient of a parameter is said to be not finite. */
function injectOverflow(trainer: Trainer, parameter: string): void {
  const index = [...trainer.parts.model.parameters()].findIndex(([name]) => name === parameter);
  const { tensors } = trainer.parts.lossScale as unknown as { tensors: { watch: { write(values: number[]): void } } };
  tensors.watch.write([index + 1]);
}

async function goTo(events: AsyncGenerator<TrainingEvent>, step: number): Promise<void> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error(`the run ended before step ${step}`);
    if (value.type === 'step' && value.step === step) return;
  }
}

it('is refused on an adapter without f16, before anything is made', async () => {
  const without = Object.create(device, { info: { value: { ...device.info, description: 'Old GPU', features: [] } } });
  const { usedBytes } = device.memory();
  await expect(createTrainer(without, HALF, dataset)).rejects.toMatchObject({
    name: 'InputError',
    message: 'precision: expected f32 on an adapter without shader-f16, got f16 on Old GPU',
  });
  expect(device.memory().usedBytes).toBe(usedBytes);
});

describe.runIf(device.has('shader-f16'))('training in f16', () => {
  it.each([
    { model: 'lenet300-100' },
    { model: 'wrn-10-1', learningRate: 0.05 },
    { model: 'lenet300-100', method: 'dsb' as const, learningRate: 0.05 },
    { model: 'lenet300-100', method: 'rigl' as const, microBatch: 5, optimizer: 'adamw' as const, learningRate: 0.003 },
  ])('goes the way of f32, %o', async (change) => {
    const half = await create({ ...change });
    const single = await create({ ...change, precision: undefined });
    const [losses, expected] = [lossesOf(await eventsOf(half)), lossesOf(await eventsOf(single))];
    expect(losses).toHaveLength(12);
    // The first loss differs by the rounding of a forward pass; what follows strays.
    expect(Math.abs(losses[0] / expected[0] - 1)).toBeLessThan(2e-3);
    expect(losses).not.toEqual(expected);
    const meanOf = (values: readonly number[]) => values.slice(-6).reduce((sum, value) => sum + value, 0) / 6;
    expect(Math.abs(meanOf(losses) - meanOf(expected))).toBeLessThan(0.1 * expected[0]);
    half.dispose();
    single.dispose();
  });

  it('takes less memory for a step', async () => {
    const bytesOf = async (precision: RunConfig['precision']) => {
      const trainer = await create({ model: 'wrn-10-1', batchSize: 96, precision });
      const { stepBytes } = await trainer.planMemory();
      trainer.dispose();
      return stepBytes;
    };
    expect(await bytesOf('f16')).toBeLessThan(0.75 * (await bytesOf('f32')));
  });

  it('leaves out the steps of too large a scale, names where they overflow, and learns on', async () => {
    const trainer = await create();
    trainer.parts.lossScale!.scale.write([2 ** 24]);
    const events = await eventsOf(trainer);
    const overflows = overflowsOf(events);
    expect(overflows.map(({ step }) => step)).toEqual(overflows.map((_, i) => i));
    expect(overflows[0]).toEqual({ type: 'overflow', step: 0, parameter: 'fc3.bias', lossScale: 2 ** 24 });
    expect(overflows.map(({ lossScale }) => lossScale)).toEqual(overflows.map((_, i) => 2 ** (24 - i)));
    expect(await trainer.parts.lossScale!.scale.item()).toBe(2 ** (24 - overflows.length));
    const losses = lossesOf(events);
    expect(losses[11]).toBeLessThan(0.8 * losses[0]);
    trainer.dispose();
  });

  it('names the layer in which gradients begin to overflow', async () => {
    const trainer = await create({ maxSteps: 1 });
    // Gradients of logits are below 65536 / 16; a weight of 500 takes them out of range on their way to the layer before.
    const [, last] = sparsifiableLayers(trainer.parts.model).find(([name]) => name === 'fc3')!;
    last.weight.parameter.write(new Float32Array(last.weight.parameter.size).map((_, i) => (i % 3 ? 500 : -500)));
    const [overflow] = overflowsOf(await eventsOf(trainer));
    expect(overflow).toMatchObject({ step: 0, parameter: 'fc2.bias', lossScale: 65536 });
    trainer.dispose();
  });

  it('changes nothing in a step that is left out', async () => {
    const trainer = await create({ ema: 0.5, optimizer: 'adamw', learningRate: 0.01 });
    const events = trainer.run();
    await goTo(events, 3);
    const before = await digestsOf(trainer.parts.model);
    const state = async () =>
      Promise.all(trainer.parts.optimizer.state().map(async ([, tensor]) => [...(await tensor.read())]));
    const stateBefore = await state();
    injectOverflow(trainer, 'fc2.weight');
    await goTo(events, 4);
    expect(await digestsOf(trainer.parts.model)).toEqual(before);
    expect(await state()).toEqual(stateBefore);
    await goTo(events, 5);
    expect(await digestsOf(trainer.parts.model)).not.toEqual(before);
    trainer.dispose();
  });

  it('ends where gradients overflow at a scale of 1, and says where', async () => {
    const trainer = await create();
    trainer.parts.lossScale!.scale.write([1]);
    const events = trainer.run();
    await goTo(events, 1);
    injectOverflow(trainer, 'fc1.weight');
    const error = await events.next().catch((reason) => reason);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error.message).toBe(
      'step 2: expected finite gradients at a loss scale of 1, got NaN or infinity in that of fc1.weight. ' +
        'Parameters are kept as they were before this step. Try a lower learning rate, or --precision f32',
    );
    trainer.dispose();
  });

  it.each([{ method: 'dsb' as const }, { method: 'rigl' as const }])(
    'makes topology updates of scores that overflowed in part, %o',
    async (change) => {
      const trainer = await create({ ...change, growthSteps: 2 });
      trainer.parts.lossScale!.scale.write([2 ** 24]);
      const events = await eventsOf(trainer);
      expect(overflowsOf(events).length).toBeGreaterThan(2);
      expect(events.filter(({ type }) => type === 'topology').length).toBeGreaterThan(4);
      expect(lossesOf(events).every(Number.isFinite)).toBe(true);
      trainer.dispose();
    },
  );

  it('goes on from a checkpoint bit for bit, with its loss scale; weights are f32 there', async () => {
    const whole = await create({ method: 'dsb' });
    whole.parts.lossScale!.scale.write([2 ** 22]);
    let saved = new Uint8Array();
    for await (const event of whole.run()) {
      if (event.type === 'step' && event.step === 6) saved = (await encodeCheckpoint(whole)) as Uint8Array<ArrayBuffer>;
    }
    const checkpoint = parseCheckpoint(saved, 'half');
    expect(new Set([...checkpoint.model.values()].map(({ dtype }) => dtype))).not.toContain('F16');
    const resumed = await createTrainer(device, checkpoint.config, dataset, {
      tensors: checkpoint.model,
      where: 'half',
    });
    restoreTrainer(resumed, checkpoint, 'half');
    expect(await resumed.parts.lossScale!.scale.item()).toBeLessThan(2 ** 22);
    await eventsOf(resumed);
    expect(await encodeCheckpoint(resumed)).toEqual(await encodeCheckpoint(whole));
    whole.dispose();
    resumed.dispose();
  });
});
