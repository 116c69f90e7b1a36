// Floating-point operations against formulas, dense and pruned.

import { describe, expect, it } from 'vitest';
import { createModel } from '../../src/models/index.js';
import { nonstructured, shuffledBlocks, sparsifiableLayers, sparsify } from '../../src/nn/index.js';
import { Random } from '../../src/tensor/index.js';
import { formatSummary, layerFlops, layerSummaries, totalFlops } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const MNIST = { channels: 1, height: 28, width: 28, classes: 10 };

const lenet5 = () => createModel('lenet5', { device, random: new Random(1) }, MNIST);
/** Output positions of the layers of LeNet-5. */
const POSITIONS: Record<string, number> = { conv1: 24 * 24, conv2: 8 * 8, fc3: 1, fc4: 1 };
const DENSE = 2 * (20 * 25 * 576 + 50 * 20 * 25 * 64 + 800 * 500 + 500 * 10);

describe('layerFlops', () => {
  it('counts a multiplication and an addition for each weight and output position', () => {
    const model = lenet5();
    const flops = layerFlops(model, MNIST);
    expect(Object.fromEntries(flops)).toEqual({
      conv1: { active: 2 * 500 * 576, dense: 2 * 500 * 576 },
      conv2: { active: 2 * 25_000 * 64, dense: 2 * 25_000 * 64 },
      fc3: { active: 800_000, dense: 800_000 },
      fc4: { active: 10_000, dense: 10_000 },
    });
    expect(totalFlops(flops)).toEqual({ active: DENSE, dense: DENSE });
    model.dispose();
  });

  it.each([
    ['masks', nonstructured],
    ['blocks', shuffledBlocks(8)],
  ])('counts pruned weights in the dense model only: %s', async (_, form) => {
    const model = lenet5();
    await sparsify(device, model, form, { sparsity: 0.8 });
    const expected = layerSummaries(model).map(({ name, active }) => 2 * active * POSITIONS[name]);
    const flops = layerFlops(model, MNIST);
    expect([...flops.values()].map(({ active }) => active)).toEqual(expected);
    const total = totalFlops(flops);
    expect(total.active).toBeLessThan(DENSE / 2);
    expect(total.dense).toBe(DENSE);
    model.dispose();
  });

  it('counts the layers inside of residual blocks, and leaves the model as it was', async () => {
    const model = createModel('wrn-10-1', { device, random: new Random(1) }, { ...MNIST, channels: 3 });
    const { usedBytes } = device.memory();
    const flops = layerFlops(model, { channels: 3, height: 32, width: 32 });
    expect(device.memory().usedBytes).toBe(usedBytes);
    // The second stage halves the image in its first convolution and in its shortcut.
    expect(flops.get('net1.layer.0.conv0')!.dense).toBe(2 * 16 * 16 * 9 * 1024);
    expect(flops.get('net2.layer.0.conv0')!.dense).toBe(2 * 32 * 16 * 9 * 256);
    expect(flops.get('net2.layer.0.conv2')!.dense).toBe(2 * 32 * 16 * 256);
    for (const [, part] of model.modules()) expect(Object.hasOwn(part, 'forward')).toBe(false);
    for (const [name, { tensor }] of model.statistics()) {
      const untouched = name.endsWith('running_var') ? 1 : 0;
      expect(new Set(await tensor.read()), name).toEqual(new Set([untouched]));
    }
    model.dispose();
  });
});

describe('formatSummary', () => {
  it('adds the operations of a dense model', () => {
    const model = lenet5();
    const lines = formatSummary(model, MNIST).split('\n');
    expect(lines[1]).toMatch(/^conv1 .* 100\.0% +576 k$/);
    expect(lines.at(-1)).toBe('4.59 MFLOPs an image forward, 13.8 MFLOPs in training');
    model.dispose();
  });

  it.each([
    ['blocks of 16', shuffledBlocks(16), 15],
    ['mask', nonstructured, 0],
  ])('tells of rows that keep no weight, %s', async (pattern, form, most) => {
    const model = lenet5();
    await sparsify(device, model, form, { sparsity: 0.99 });
    const lines = formatSummary(model, MNIST).split('\n');
    const { emptyRows } = layerSummaries(model).find(({ name }) => name === 'fc3')!;
    const layer = sparsifiableLayers(model).find(([name]) => name === 'fc3')![1];
    const dense = await layer.weight.readDense();
    const rows = Array.from({ length: 500 }, (_, row) =>
      dense.subarray((row * dense.length) / 500, ((row + 1) * dense.length) / 500),
    );
    expect(emptyRows).toBe(rows.filter((row) => row.every((value) => value === 0)).length);
    expect(emptyRows).toBeGreaterThan(most);
    expect(lines.find((line) => line.startsWith('fc3'))).toContain(`${pattern}, ${emptyRows} rows empty`);
    model.dispose();
  });

  it('compares a sparse model with the dense one', async () => {
    const model = lenet5();
    await sparsify(device, model, nonstructured, { sparsity: 0.9 });
    const { active } = totalFlops(layerFlops(model, MNIST));
    expect(formatSummary(model, MNIST)).toMatch(
      new RegExp(`: ${((100 * active) / DENSE).toFixed(1)}% of the dense model$`),
    );
    model.dispose();
  });
});
