// Every network: as many parameters as the same architecture in PyTorch, and gradients in all of them.

import { describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/index.js';
import { InputError } from '../../src/device/index.js';
import { checkModelName, createModel, MODEL_NAMES, type ModelOptions } from '../../src/models/index.js';
import { type Module, sparsifiableLayers } from '../../src/nn/index.js';
import { crossEntropy } from '../../src/shaders/index.js';
import { Random, scope, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

const CIFAR: ModelOptions = { channels: 3, height: 32, width: 32, classes: 10 };
const LARGER: ModelOptions = { ...CIFAR, height: 64, width: 64, stem: '7x7' };

/** Parameters of the same networks in PyTorch, as bench/pytorch/networks.py prints them. */
const networks: [name: string, parameters: number, options?: ModelOptions][] = [
  ['lenet5', 657_080],
  ['lenet300-100', 953_010],
  ['mlp-cifar10', 3_676_682],
  ['alexnet-s', 5_075_690],
  ['alexnet-b', 8_499_946],
  ['vgg-c', 10_532_810],
  ['vgg-d', 15_251_402],
  ['vgg-like', 14_987_722],
  ['ResNet-18', 11_173_962],
  ['ResNet-34', 21_282_122],
  ['ResNet-50', 23_528_522, LARGER],
  ['wrn-22-2', 1_079_642],
];

function create(name: string, options: ModelOptions = CIFAR): Module {
  return createModel(name, { device, random: new Random(1) }, options);
}

/** Loss of a training step at batch 2; leaves the gradients in the parameters. */
function trainingStep(model: Module, { channels, height, width }: ModelOptions): Promise<number> {
  const loss = scope(() => {
    const images = normalValues(channels * height * width * 2, 1);
    const x = Tensor.from(device, images, [channels, height, width, 2]);
    const labels = Tensor.from(device, new Uint32Array([3, 7]), [2], 'u32');
    const mode = { training: true, random: Tensor.zeros(device, [2], 'u32') };
    const result = crossEntropy(model.forward(x, mode), labels);
    backward(result);
    return result.read();
  });
  return loss.then(([value]) => value);
}

describe('networks', () => {
  it.each(networks)('%s has %i parameters, and a gradient in each tensor of them', async (name, count, options) => {
    const model = create(name, options);
    const parameters = [...model.parameters()];
    expect(parameters.reduce((sum, [, parameter]) => sum + parameter.size, 0)).toBe(count);
    expect(await trainingStep(model, options ?? CIFAR)).toSatisfy(Number.isFinite);
    for (const [parameterName, { grad }] of parameters) {
      const values = await grad!.read();
      expect(values.every(Number.isFinite), `${parameterName}: finite`).toBe(true);
      expect(
        values.some((value) => value !== 0),
        `${parameterName}: reached`,
      ).toBe(true);
    }
    model.dispose();
  });

  it('are all in the table', () => {
    const named = MODEL_NAMES.filter((name) => !name.startsWith('wrn-'));
    expect(networks.map(([name]) => name).filter((name) => !name.startsWith('wrn-'))).toEqual(named);
  });
});

describe('options', () => {
  it.each(['ResNet-18', 'ResNet-50'])('let the residual branches of %s begin at zero, and leave it', async (name) => {
    const options = { ...CIFAR, height: 16, width: 16, zeroInitResidual: true };
    const model = create(name, options);
    const last = name === 'ResNet-18' ? /\.bn2\.weight$/ : /\.bn3\.weight$/;
    expect(await trainingStep(model, options)).toSatisfy(Number.isFinite);
    for (const [parameterName, parameter] of model.parameters()) {
      if (!/(bn\d|downsample\.1)\.weight$/.test(parameterName)) continue;
      const first = new Set(await parameter.read());
      expect(first, parameterName).toEqual(new Set([last.test(parameterName) ? 0 : 1]));
      const isInBranch = /^layer.*\.bn\d/.test(parameterName) && !last.test(parameterName);
      const gradient = await parameter.grad!.read();
      expect(
        gradient.some((value) => value !== 0),
        parameterName,
      ).toBe(!isInBranch);
    }
    model.dispose();
  });

  it.each(['alexnet-s', 'vgg-c', 'ResNet-18'])('give every convolution of %s a bias', (name) => {
    const model = create(name, { ...CIFAR, convBias: true });
    for (const [layerName, { weight, bias }] of sparsifiableLayers(model)) {
      expect(bias?.shape, layerName).toEqual([weight.shape[0]]);
    }
    model.dispose();
  });

  it.each([
    ['alexnet-s', [40, 65], 'classifier.0.weight', [1024, 256 * 2 * 3]],
    ['vgg-like', [64, 100], 'classifier.0.weight', [512, 512 * 2 * 3]],
    ['mlp-cifar10', [8, 9], 'fc1.weight', [1024, 3 * 8 * 9]],
    ['ResNet-18', [8, 9], 'conv1.weight', [64, 3, 3, 3]],
  ] as const)('fit %s to images of %s', (name, [height, width], parameterName, shape) => {
    const options = { ...CIFAR, height, width, classes: 7 };
    const model = create(name, options);
    expect(new Map(model.parameters()).get(parameterName)!.shape).toEqual(shape);
    const logits = scope(() => {
      const x = Tensor.zeros(device, [3, height, width, 1]);
      return model.forward(x, { training: false, random: Tensor.zeros(device, [2], 'u32') });
    });
    expect(logits.shape).toEqual([7, 1]);
    logits.dispose();
    model.dispose();
  });

  it('refuse what does not fit', () => {
    expect(() => create('VGG-D', { ...CIFAR, height: 28, width: 28 })).toThrow(
      new InputError('model vgg-d: expected images of at least 32x32, got 28x28'),
    );
    expect(() => create('ResNet-18', { ...CIFAR, stem: '5x5' as '3x3' })).toThrow(
      new InputError("stem: expected one of 3x3, 7x7; got '5x5'"),
    );
  });
});

describe('names', () => {
  it.each([
    'MLP-CIFAR10',
    'mlpcifar10',
    'AlexNet-S',
    'alexnetb',
    'VGG-C',
    'vggd',
    'VGGlike',
    'ResNet18',
    'resnet-34',
    'RESNET-50',
    'wrn22-2',
  ])('knows %s', (name) => {
    expect(() => checkModelName(name)).not.toThrow();
  });
});
