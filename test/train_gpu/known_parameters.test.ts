// Parameters that a model does not know of are refused, instead of staying as they are.

import { afterAll, expect, it } from 'vitest';
import { registerModel } from '../../src/models/index.js';
import { Linear, Module } from '../../src/nn/index.js';
import { addBias, flatten } from '../../src/shaders/index.js';
import type { Tensor } from '../../src/tensor/index.js';
import { createTrainer } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

it('names the module and the shape of the first parameter that it does not list', async () => {
  registerModel('hidden-shift', (context, { channels, height, width, classes }) => {
    class HiddenShift extends Module {
      readonly head = new Linear(context, channels * height * width, classes);
      readonly #shift = new Linear(context, 1, classes);
      override forward(x: Tensor): Tensor {
        return addBias(this.head.forward(flatten(x)), this.#shift.bias!);
      }
    }
    return new HiddenShift();
  });
  const config = { ...CONFIG, method: 'dense', model: 'hidden-shift' } as const;
  const trainer = await createTrainer(device, config, patterns());
  await expect(trainer.run().next()).rejects.toThrow(
    /^HiddenShift: expected every parameter that forward uses among parameters\(\), got one of \[4\] that is not/,
  );
  trainer.dispose();
});
