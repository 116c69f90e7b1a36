// The layers that are timed are layers of the networks that their names say.

import { describe, expect, it } from 'vitest';
import { noGrad } from '../../../src/autograd/index.js';
import { BENCH_LAYERS, outputSize } from '../../../src/cli/bench/layers.js';
import { createModel, type ModelOptions } from '../../../src/models/index.js';
import { SparsifiableLayer, watchOutputs } from '../../../src/nn/index.js';
import { Random, scope, Tensor } from '../../../src/tensor/index.js';
import { testDevice } from '../../support/device.js';

const device = await testDevice();

const CIFAR: ModelOptions = { channels: 3, height: 32, width: 32, classes: 10 };
const IMAGENET: ModelOptions = { channels: 3, height: 224, width: 224, classes: 1000, stem: '7x7' };

/** Shape of the weight, and input and output size, of every convolution of a network. */
function shapesOf(name: string, options: ModelOptions): Set<string> {
  const model = createModel(name, { device, random: new Random(0) }, options);
  const found = new Set<string>();
  scope(() => {
    const images = Tensor.zeros(device, [options.channels, options.height, options.width, 1]);
    const mode = { training: false, random: Tensor.zeros(device, [2], 'u32') };
    const note = (part: unknown, input: Tensor, output: Tensor) => {
      if (!(part instanceof SparsifiableLayer) || part.weight.shape.length !== 4) return;
      found.add(JSON.stringify([part.weight.shape, input.shape[1], output.shape[1]]));
    };
    watchOutputs(
      model,
      (_, output, part, input) => note(part, input, output),
      () => noGrad(() => model.forward(images, mode)),
    );
  });
  model.dispose();
  return found;
}

describe.each([
  ['vgg-d', CIFAR],
  ['wrn-22-2', CIFAR],
  ['resnet-50', IMAGENET],
] as const)('%s', (model, options) => {
  it('has them all', () => {
    const shapes = shapesOf(model, options);
    const own = BENCH_LAYERS.filter(({ name }) => name.startsWith(`${model}/`));
    expect(own.length).toBeGreaterThan(8);
    for (const layer of own) {
      const { name, inChannels, outChannels, kernel, size } = layer;
      const weight = [outChannels, inChannels, kernel, kernel];
      expect([...shapes], name).toContain(JSON.stringify([weight, size, outputSize(layer)]));
    }
  });
});
