// Tilings measured in training steps: all operations once, the fastest are used, and training comes to the same.

import { afterAll, describe, expect, it } from 'vitest';
import { tileChoices } from '../../src/shaders/index.js';
import { autotune, createTrainer, type RunConfig } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

const create = (change: Partial<RunConfig> = {}, on = device) =>
  createTrainer(on, { ...CONFIG, model: 'lenet5', maxSteps: 6, ...change }, patterns(40, 8, 28));

async function lossesOf(change: Partial<RunConfig> = {}): Promise<number[]> {
  const trainer = await create(change);
  const losses: number[] = [];
  for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
  trainer.dispose();
  return losses;
}

async function tune(change: Partial<RunConfig> = {}, seconds?: number) {
  const trainer = await create(change);
  const notes: string[] = [];
  const operations = await autotune(trainer, { seconds, rounds: 2, onProgress: (_, __, note) => notes.push(note) });
  trainer.dispose();
  return { operations, notes };
}

describe('autotune', () => {
  it('measures every operation of a step once, uses what is fastest, and changes no result beyond rounding', async () => {
    const before = await lossesOf();
    const { operations, notes } = await tune();
    const passes = operations.map(({ key }) => key.split(' ')[0]);
    // Two dense layers, the first without a gradient of its input, and two in blocks.
    expect([...passes].sort()).toEqual([
      ...['blockConv2d.forward', 'blockConv2d.forward', 'blockConv2d.gradInput', 'blockConv2d.gradInput'],
      ...['blockConv2d.gradWeight', 'blockConv2d.gradWeight', 'conv2d.forward', 'conv2d.forward'],
      ...['conv2d.gradInput', 'conv2d.gradWeight', 'conv2d.gradWeight'],
    ]);
    for (const { key, ms, usualMs } of operations) {
      expect(ms, key).toBeGreaterThan(0);
      expect(ms, key).toBeLessThanOrEqual(usualMs);
      expect(tileChoices(device).has(key), key).toBe(true);
    }
    expect(notes.at(-1)).toBe('round 2 of 2');
    expect((await tune()).operations).toEqual([]);

    const after = await lossesOf();
    expect(after).toHaveLength(6);
    for (const [i, loss] of after.entries()) expect(Math.abs(loss - before[i])).toBeLessThan(1e-3);
    expect(await lossesOf()).toEqual(after);
  }, 400_000);

  it('leaves out tilings that an adapter cannot compile', async () => {
    const own = await testDevice(); // which has compiled nothing yet
    const { gpu } = own as unknown as { gpu: GPUDevice };
    const compile = gpu.createShaderModule.bind(gpu);
    const refused = new Set<string>();
    gpu.createShaderModule = ({ code, ...rest }) => {
      const isLarge = /const WORKGROUP_SIZE: u32 = (128|256);/.test(code);
      if (!isLarge || !rest.label?.includes('conv2d')) return compile({ ...rest, code });
      refused.add(rest.label);
      return compile({ ...rest, code: `${code}\nno such declaration;` });
    };
    const time = own.time.bind(own);
    let timed = 0;
    own.time = async (recording) => {
      const times = await time(recording);
      timed++;
      return times;
    };
    const operations = await autotune(await create({}, own), { rounds: 2 });
    expect(timed, 'trials that could be compiled, timed twice').toBeGreaterThan(6);
    expect(refused.size).toBeGreaterThan(1);
    expect(operations.length).toBeGreaterThan(8);
    for (const { key, tiles, ms } of operations) {
      expect(ms, key).toBeLessThan(Number.POSITIVE_INFINITY);
      expect([128, 256], key).not.toContain(tiles.threads);
    }
    for await (const event of (await create({}, own)).run()) {
      if (event.type === 'step') expect(event.loss).toBeLessThan(10);
    }
    own.destroy();
  }, 400_000);

  it('keeps to the rules where there is no time to try anything else', async () => {
    const { operations } = await tune({ batchSize: 12 }, 0);
    expect(operations.length).toBeGreaterThan(8);
    for (const { key, ms, usualMs } of operations) expect(ms, key).toBe(usualMs);
  });

  it('leaves a trainer that had nothing to measure as good as new', async () => {
    const trainer = await create();
    expect(await autotune(trainer)).toEqual([]);
    const losses: number[] = [];
    for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
    trainer.dispose();
    expect(losses).toEqual(await lossesOf());
  });
});
