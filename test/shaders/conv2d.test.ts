import { describe, expect, it } from 'vitest';
import { conv2d } from '../../src/shaders/conv2d/conv2d.js';
import { Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import {
  biasGradient,
  CONVOLUTION_CASES,
  convolution,
  convolutionGradients,
  describeCase,
  withBias,
} from '../support/convolution.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

describe('conv2d', () => {
  it.each(CONVOLUTION_CASES.map((c) => [describeCase(c), c] as const))('%s', async (name, c) => {
    await checkOperation(device, {
      name,
      inputs: {
        x: [c.inChannels, c.height, c.width, c.batch],
        weight: [c.outChannels, c.inChannels, ...c.kernel],
      },
      activations: ['x'],
      forward: ({ x, weight }) => conv2d(x, weight, { stride: c.stride, padding: c.padding }),
      reference: ({ x, weight }) => convolution(c, x, weight),
      gradients: ({ x, weight }, gradOutput) => convolutionGradients(c, x, weight, gradOutput),
    });
  });

  it.each(CONVOLUTION_CASES.slice(0, 4).map((c) => [describeCase(c), c] as const))(
    'with a bias, %s',
    async (name, c) => {
      await checkOperation(device, {
        name,
        inputs: {
          x: [c.inChannels, c.height, c.width, c.batch],
          weight: [c.outChannels, c.inChannels, ...c.kernel],
          bias: [c.outChannels],
        },
        activations: ['x'],
        forward: ({ x, weight, bias }) => conv2d(x, weight, { stride: c.stride, padding: c.padding, bias }),
        reference: ({ x, weight, bias }) => withBias(convolution(c, x, weight), bias),
        gradients: ({ x, weight }, gradOutput) => ({
          ...convolutionGradients(c, x, weight, gradOutput),
          bias: biasGradient(gradOutput, c.outChannels),
        }),
      });
    },
  );

  it('says what does not fit', () => {
    const x = Tensor.zeros(device, [32, 8, 8, 4]);
    expect(() => conv2d(x, Tensor.zeros(device, [128, 64, 3, 3]))).toThrow(
      'conv2d: expected 64 input channels, the first extent of x, got 32 (x [32,8,8,4], weight [128,64,3,3])',
    );
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32, 9, 9]))).toThrow('expected a kernel no larger than');
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32, 3, 3]), { stride: 0 })).toThrow(
      'stride that is a whole number of at least 1, got 0',
    );
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32, 3, 3]), { padding: -1 })).toThrow(
      'padding that is a whole number of at least 0, got -1',
    );
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32, 3, 3]), { bias: Tensor.zeros(device, [3]) })).toThrow(
      'conv2d: expected bias f32 [4], got f32 [3]',
    );
    const grouped = { groups: 2, pading: 1 } as never;
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32, 3, 3]), grouped)).toThrow(
      'conv2d: expected options among stride, padding, bias, addend, statistics, got groups, pading',
    );
    const empty = Tensor.zeros(device, [32, 5, 5, 0]);
    expect(() => conv2d(empty, Tensor.zeros(device, [4, 32, 3, 3]))).toThrow(
      'conv2d: expected a batch of at least one',
    );
    expect(() => conv2d(x, Tensor.zeros(device, [4, 32]))).toThrow('expected a weight [O,I,KH,KW], got [4,32]');
  });
});
