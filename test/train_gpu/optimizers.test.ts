// Optimizers without a trainer, as a loop of one's own uses them.

import { afterAll, describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/index.js';
import { Linear, type Module } from '../../src/nn/index.js';
import { sum } from '../../src/shaders/index.js';
import { Random, scope, Tensor } from '../../src/tensor/index.js';
import { Adamw, type Optimizer, Sgd } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
afterAll(() => device.destroy());

const makers: Record<string, (model: Module) => Optimizer> = {
  Sgd: (model) => new Sgd(device, model),
  Adamw: (model) => new Adamw(device, model, { weightDecay: 0 }),
};

describe.each(Object.entries(makers))('%s', (_, make) => {
  it('steps by its own options and rate, and not before it has one', async () => {
    const model = new Linear({ device, random: new Random(1) }, 2, 1, { bias: false });
    const optimizer = make(model);
    const x = Tensor.from(device, [1, 1], [2, 1]);
    const step = () =>
      scope(() => {
        backward(sum(model.forward(x)));
        optimizer.step();
      });
    expect(step).toThrow('step: expected setLearningRate before the first one');
    const before = await model.weight.readDense();
    optimizer.setLearningRate(0.25);
    step();
    // The gradient of both calls is 2 everywhere; AdamW takes its sign.
    const change = optimizer instanceof Sgd ? 0.5 : 0.25;
    const after = await model.weight.readDense();
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i] - change, 5);
    for (const part of [model, optimizer, x]) part.dispose();
  });
});
