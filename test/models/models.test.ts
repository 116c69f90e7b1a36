// Networks by name: sizes against formulas, one forward and backward pass each, and names that are refused.

import { describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/index.js';
import { InputError } from '../../src/device/index.js';
import { checkModelName, createModel, MODEL_NAMES, type ModelOptions, registerModel } from '../../src/models/index.js';
import { Linear } from '../../src/nn/index.js';
import { crossEntropy } from '../../src/shaders/index.js';
import { keep, liveTensors, Random, scope, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const MNIST: ModelOptions = { channels: 1, height: 28, width: 28, classes: 10 };
const CIFAR: ModelOptions = { channels: 3, height: 32, width: 32, classes: 10 };
const BATCH = 4;

function create(name: string, options: ModelOptions) {
  return createModel(name, { device, random: new Random(3) }, options);
}

const linear = (inputs: number, outputs: number) => inputs * outputs + outputs;
const convolution = (inputs: number, outputs: number, kernel: number) => inputs * outputs * kernel ** 2;
const batchNorm = (channels: number) => 2 * channels;

/** n blocks a stage; no biases of convolutions; a shortcut convolution where the width changes. */
function wideResNet(n: number, k: number): number {
  let count = convolution(3, 16, 3);
  let inChannels = 16;
  for (const outChannels of [16 * k, 32 * k, 64 * k]) {
    for (let block = 0; block < n; block++) {
      count += batchNorm(inChannels) + convolution(inChannels, outChannels, 3);
      count += batchNorm(outChannels) + convolution(outChannels, outChannels, 3);
      if (inChannels !== outChannels) count += convolution(inChannels, outChannels, 1);
      inChannels = outChannels;
    }
  }
  return count + batchNorm(inChannels) + linear(inChannels, 10);
}

const CASES: [string, ModelOptions, number][] = [
  ['lenet5', MNIST, 25 * 20 + 20 + 25 * 20 * 50 + 50 + linear(50 * 4 * 4, 500) + linear(500, 10)],
  ['lenet300-100', MNIST, linear(28 * 28, 300) + linear(300, 100) + linear(100, 10)],
  ['wrn-10-1', CIFAR, wideResNet(1, 1)],
  ['wrn-10-2', CIFAR, wideResNet(1, 2)],
  ['wrn-16-1', CIFAR, wideResNet(2, 1)],
];

describe.each(CASES)('%s', (name, options, size) => {
  it(`has ${size} parameters`, () => {
    const model = create(name, options);
    expect([...model.parameters()].reduce((sum, [, parameter]) => sum + parameter.size, 0)).toBe(size);
    model.dispose();
  });

  it('gives a logit for each class, a finite loss, and a gradient for every parameter', async () => {
    const { usedBytes } = device.memory();
    const model = create(name, options);
    const { channels, height, width, classes } = options;
    const random = keep(Tensor.from(device, [1, 0], [2], 'u32'));
    const loss = scope(() => {
      const images = normalValues(channels * height * width * BATCH, 1);
      const x = Tensor.from(device, images, [channels, height, width, BATCH]);
      const logits = model.forward(x, { training: true, random });
      expect(logits.shape).toEqual([classes, BATCH]);
      const result = crossEntropy(logits, Tensor.from(device, [1, 0, 7, 9], [BATCH], 'u32'));
      backward(result);
      return result.item();
    });
    // Chance is ln 10 = 2.3.
    expect(await loss).toBeGreaterThan(1);
    expect(await loss).toBeLessThan(6);
    for (const [parameterName, { grad }] of model.parameters()) {
      const values = await grad!.read();
      expect(values.every(Number.isFinite), parameterName).toBe(true);
      expect(
        values.some((value) => value !== 0),
        parameterName,
      ).toBe(true);
    }
    model.dispose();
    random.dispose();
    expect(device.memory().usedBytes).toBe(usedBytes);
  });
});

describe('options', () => {
  it('take other image sizes and numbers of classes', () => {
    const model = create('lenet5', { channels: 3, height: 32, width: 24, classes: 100 });
    const shapes = Object.fromEntries([...model.parameters()].map(([name, { shape }]) => [name, shape]));
    expect(shapes['conv1.weight']).toEqual([20, 3, 5, 5]);
    expect(shapes['fc3.weight']).toEqual([500, 50 * 5 * 3]);
    expect(shapes['fc4.weight']).toEqual([100, 500]);
    model.dispose();
  });

  it('draw the same parameters from the same seed', async () => {
    const read = async (seed: number) => {
      const model = createModel('wrn-10-1', { device, random: new Random(seed) }, CIFAR);
      const values = await Promise.all([...model.parameters()].map(([, parameter]) => parameter.read()));
      model.dispose();
      return values;
    };
    expect(await read(1)).toEqual(await read(1));
    expect(await read(1)).not.toEqual(await read(2));
  });

  it('drop nothing in evaluation, and less with another probability', async () => {
    const outputs = async (dropout: number | undefined, training: boolean, step: number) => {
      const model = create('wrn-10-1', { ...CIFAR, dropout });
      const random = keep(Tensor.from(device, [1, step], [2], 'u32'));
      const read = scope(() =>
        model.forward(Tensor.from(device, normalValues(3 * 64 * 2, 1), [3, 8, 8, 2]), { training, random }).read(),
      );
      model.dispose();
      random.dispose();
      return read;
    };
    expect(await outputs(undefined, true, 0)).not.toEqual(await outputs(undefined, true, 1));
    expect(await outputs(0, true, 0)).toEqual(await outputs(0, true, 1));
    expect(await outputs(undefined, false, 0)).toEqual(await outputs(0.9, false, 1));
  });

  it('leave nothing over where a layer is too large for the adapter', () => {
    const before = [liveTensors(), device.memory().usedBytes];
    // The first layers are small.
    expect(() => create('lenet5', { channels: 1, height: 40_000, width: 40_000, classes: 10 })).toThrow(
      /a layer's weight/,
    );
    expect([liveTensors(), device.memory().usedBytes]).toEqual(before);
  });

  it.each([1, -0.1, Number.NaN])('refuse a dropout of %s', (dropout) => {
    expect(() => create('wrn-10-1', { ...CIFAR, dropout })).toThrow(
      new InputError(`dropout: expected a probability in [0, 1), got ${dropout}`),
    );
  });
});

describe('names', () => {
  it.each(['LeNet5', 'LENET-5', 'LeNet300-100', 'lenet-300-100', 'lenet300100', 'WRN-22-2', 'WideResNet-16-4'])(
    'knows %s',
    (name) => {
      expect(() => checkModelName(name)).not.toThrow();
    },
  );

  it.each(['', 'lenet', 'lenet6', 'resnet-', 'wrn', 'wrn-22', 'wrn-22-2-1', 'wrn--10-1', 'constructor', '__proto__'])(
    "refuses '%s'",
    (name) => {
      const message = `model: expected one of ${MODEL_NAMES.join(', ')}; got '${name}'`;
      expect(() => checkModelName(name)).toThrow(new InputError(message));
      expect(message).not.toContain('\n');
    },
  );

  it.each(['wrn-4-1', 'wrn-11-1', 'wrn-0-1', 'wrn-10-0', 'wrn-28-00'])('refuses %s', (name) => {
    expect(() => checkModelName(name)).toThrow(
      new InputError(`model ${name}: expected wrn-D-W with D = 10, 16, 22, 28, ..., at most 10000, and W at least 1`),
    );
  });
});

describe("a network of the caller's own", () => {
  it('is known by its name once it is registered, and listed', () => {
    registerModel('own-net', (context, { classes }) => new Linear(context, 5, classes));
    const model = create('OwnNet', MNIST);
    expect([...model.parameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['weight', [10, 5]],
      ['bias', [10]],
    ]);
    model.dispose();
    expect(() => checkModelName('lenet6')).toThrow(/ResNet-50, .*, own-net; got 'lenet6'$/);
  });

  it.each(['LeNet-5', 'wrn-10-1', 'own_net-2'])('cannot take a name twice: %s', (name) => {
    if (name === 'own_net-2') registerModel(name, (context) => new Linear(context, 5, 10));
    expect(() => registerModel(name, (context) => new Linear(context, 5, 10))).toThrow(
      `registerModel: expected a new name, got '${name}', which is taken`,
    );
  });
});
