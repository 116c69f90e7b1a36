import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { add } from '../../src/shaders/add/add.js';
import { batchNorm } from '../../src/shaders/batch_norm/batch_norm.js';
import { relu } from '../../src/shaders/relu/relu.js';
import { scale } from '../../src/shaders/scale/scale.js';
import { type Shape, scope, sizeOf, Tensor } from '../../src/tensor/index.js';
import { batchNormed, EPSILON, moments, trainingGradients } from '../support/batch_normalisation.js';
import { checkOperation } from '../support/check_operation.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function runningOf(channels: number) {
  const values = { mean: normalValues(channels, 21), variance: normalValues(channels, 22).map((v) => v * v + 0.1) };
  return {
    values: { mean: Float64Array.from(values.mean), variance: Float64Array.from(values.variance) },
    mean: Tensor.from(device, values.mean, [channels]),
    variance: Tensor.from(device, values.variance, [channels]),
  };
}

/** Not two values a channel: they are always +-1 when normalised, and the gradient of x is nothing but rounding. */
const SMALL: Shape[] = [
  [1, 3],
  [3, 5],
  [5, 8],
  [2, 1, 1, 3],
  [3, 3, 2, 7],
  [2, 4, 4, 4],
];
/** Many short rows; rows of one part and one more; several parts of unequal length, in vec4s and in single elements. */
const LARGE: Shape[] = [
  [130, 1, 1, 32],
  [70, 129],
  [2, 32, 32, 4],
  [3, 4100],
  [2, 33, 32, 8],
  [3, 19, 23, 21],
];

describe('batchNorm in training', () => {
  it.each([...SMALL, ...LARGE].map((shape) => ({ shape })))('$shape', async ({ shape }) => {
    const channels = shape[0];
    const length = sizeOf(shape) / channels;
    const momentum = 0.3;
    // The first for the check in f32.
    const [running, ofHalves] = [runningOf(channels), runningOf(channels)];
    const x = normalValues(sizeOf(shape), 1).map((value, i) => 2 * value + Math.floor(i / length));
    await checkOperation(device, {
      name: 'batchNorm training',
      inputs: { x: shape, weight: [channels], bias: [channels] },
      activations: ['x'],
      values: { x },
      forward: (inputs) =>
        batchNorm(inputs.x, inputs.weight, inputs.bias, inputs.x.dtype === 'f16' ? ofHalves : running, {
          ...{ training: true, momentum, epsilon: EPSILON },
        }),
      reference: (inputs) => batchNormed(inputs.x, inputs.weight, inputs.bias, moments(inputs.x, channels)),
      gradients: LARGE.includes(shape)
        ? (inputs, gradOutput) => trainingGradients(inputs.x, inputs.weight, gradOutput)
        : undefined,
    });
    const batch = moments(Float64Array.from(x), channels);
    const mean = running.values.mean.map((value, c) => (1 - momentum) * value + momentum * batch.mean[c]);
    const variance = running.values.variance.map(
      (value, c) => (1 - momentum) * value + (momentum * batch.variance[c] * length) / (length - 1),
    );
    expectClose(await running.mean.read(), mean, 1e-5, 'running mean');
    expectClose(await running.variance.read(), variance, 1e-5, 'running variance');
  });

  it.each([{ shape: [3, 16, 16, 64] }, { shape: [4, 37] }])(
    'keeps its digits far from zero, $shape',
    async ({ shape }) => {
      const channels = shape[0];
      const running = runningOf(channels);
      const x = normalValues(sizeOf(shape), 1).map((value) => value + 1000);
      await checkOperation(device, {
        name: 'batchNorm of mean 1000, standard deviation 1',
        inputs: { x: shape, weight: [channels], bias: [channels] },
        values: { x },
        forward: (inputs) => batchNorm(inputs.x, inputs.weight, inputs.bias, running, { training: true, momentum: 1 }),
        reference: (inputs) => batchNormed(inputs.x, inputs.weight, inputs.bias, moments(inputs.x, channels)),
        gradients: (inputs, gradOutput) => trainingGradients(inputs.x, inputs.weight, gradOutput),
        tolerance: 5e-5, // The mean itself is rounded to a multiple of 6e-5.
      });
      const { mean, variance } = moments(Float64Array.from(x), channels);
      const length = x.length / channels;
      expectClose(await running.mean.read(), mean, 3e-7, 'mean'); // divisions may miss by 2.5 units in the last place
      expectClose(
        await running.variance.read(),
        variance.map((v) => (v * length) / (length - 1)),
        1e-5,
        'variance',
      );
    },
  );

  it('gives finite values and gradients for a constant channel', async () => {
    const x = new Parameter(Tensor.from(device, new Float32Array(12).fill(7.1), [1, 12]));
    const ones = new Parameter(Tensor.from(device, [1], [1]));
    const bias = new Parameter(Tensor.from(device, [0.5], [1]));
    const y = batchNorm(x, ones, bias, runningOf(1), { training: true });
    backward(y, Tensor.from(device, normalValues(12, 3), y.shape));
    expectClose(await y.read(), new Float32Array(12).fill(0.5), 1e-5, 'constant');
    expect((await x.grad!.read()).every(Number.isFinite)).toBe(true);
  });

  it('repeats bit for bit', async () => {
    const run = async () => {
      const x = new Parameter(Tensor.from(device, normalValues(2 * 33 * 32 * 8, 1), [2, 33, 32, 8]));
      const weight = new Parameter(Tensor.from(device, normalValues(2, 2), [2]));
      const bias = new Parameter(Tensor.from(device, normalValues(2, 3), [2]));
      const running = runningOf(2);
      const y = batchNorm(x, weight, bias, running, { training: true });
      backward(y, Tensor.from(device, normalValues(y.size, 4), y.shape));
      const tensors = [y, x.grad!, weight.grad!, bias.grad!, running.mean, running.variance];
      return Promise.all(tensors.map((tensor) => tensor.read()));
    };
    expect(await run()).toEqual(await run());
  });

  it('refuses a single value a channel', () => {
    const x = Tensor.zeros(device, [4, 1, 1, 1]);
    const perChannel = Tensor.zeros(device, [4]);
    expect(() => batchNorm(x, perChannel, perChannel, runningOf(4), { training: true })).toThrow(
      'batchNorm: expected more than one value a channel in training, got x [4,1,1,1]',
    );
  });
});

describe('batchNorm in evaluation', () => {
  it.each([[4, 1], ...SMALL].map((shape) => ({ shape })))('$shape', async ({ shape }) => {
    const channels = shape[0];
    const running = runningOf(channels);
    await checkOperation(device, {
      name: 'batchNorm evaluation',
      inputs: { x: shape, weight: [channels], bias: [channels] },
      activations: ['x'],
      forward: (inputs) => batchNorm(inputs.x, inputs.weight, inputs.bias, running, { training: false }),
      reference: (inputs) => batchNormed(inputs.x, inputs.weight, inputs.bias, running.values),
    });
    expect(Array.from(await running.mean.read())).toEqual(Array.from(running.values.mean));
    expect(Array.from(await running.variance.read())).toEqual(Array.from(running.values.variance));
  });
});

describe('batchNorm with ReLU', () => {
  const rectified = (y: Float64Array) => y.map((value) => Math.max(value, 0));

  it.each([...SMALL, ...LARGE].map((shape) => ({ shape })))('in training, $shape', async ({ shape }) => {
    const channels = shape[0];
    await checkOperation(device, {
      name: 'batchNorm and ReLU, training',
      inputs: { x: shape, weight: [channels], bias: [channels] },
      activations: ['x'],
      forward: ({ x, weight, bias }) =>
        batchNorm(x, weight, bias, runningOf(channels), { training: true, relu: true, epsilon: EPSILON }),
      reference: ({ x, weight, bias }) => rectified(batchNormed(x, weight, bias, moments(x, channels))),
      gradients: ({ x, weight, bias }, gradOutput) => {
        const y = batchNormed(x, weight, bias, moments(x, channels));
        return trainingGradients(
          x,
          weight,
          gradOutput.map((grad, i) => (y[i] > 0 ? grad : 0)),
        );
      },
    });
  });

  it.each([...SMALL, LARGE[1]].map((shape) => ({ shape })))('in evaluation, $shape', async ({ shape }) => {
    const channels = shape[0];
    const running = runningOf(channels);
    await checkOperation(device, {
      name: 'batchNorm and ReLU, evaluation',
      inputs: { x: shape, weight: [channels], bias: [channels] },
      // Not twice where central differences take long.
      activations: SMALL.includes(shape) ? ['x'] : undefined,
      forward: ({ x, weight, bias }) => batchNorm(x, weight, bias, running, { training: false, relu: true }),
      reference: ({ x, weight, bias }) => rectified(batchNormed(x, weight, bias, running.values)),
    });
  });

  it('is the composition, bit for bit', async () => {
    const run = async (fused: boolean) => {
      const x = new Parameter(Tensor.from(device, normalValues(3 * 33 * 32 * 8, 1), [3, 33, 32, 8]));
      const weight = new Parameter(Tensor.from(device, normalValues(3, 2), [3]));
      const bias = new Parameter(Tensor.from(device, normalValues(3, 3), [3]));
      const normed = batchNorm(x, weight, bias, runningOf(3), { training: true, relu: fused });
      const y = fused ? normed : relu(normed);
      backward(y, Tensor.from(device, normalValues(y.size, 4), y.shape));
      return Promise.all([y, x.grad!, weight.grad!, bias.grad!].map((tensor) => tensor.read()));
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('shows NaN', async () => {
    const x = Tensor.from(device, [Number.NaN, 1, -1, 2], [1, 4]);
    const one = Tensor.from(device, [1], [1]);
    const y = batchNorm(x, one, one, runningOf(1), { training: false, relu: true });
    expect(Array.from(await y.read()).map(Number.isNaN)).toEqual([true, false, false, false]);
  });
});

describe('batchNorm with an addend', () => {
  const cases = [SMALL[1], SMALL[3], LARGE[4]].flatMap((shape) => [false, true].map((relu) => ({ shape, relu })));

  it.each(cases)('in training, $shape, relu $relu', async ({ shape, relu }) => {
    const channels = shape[0];
    const total = (inputs: Record<string, Float64Array>) => {
      const normed = batchNormed(inputs.x, inputs.weight, inputs.bias, moments(inputs.x, channels));
      return normed.map((value, i) => value + inputs.addend[i]);
    };
    await checkOperation(device, {
      name: 'batchNorm and addend',
      inputs: { x: shape, weight: [channels], bias: [channels], addend: shape },
      activations: ['x', 'addend'],
      forward: ({ x, weight, bias, addend }) =>
        batchNorm(x, weight, bias, runningOf(channels), { training: true, addend, relu }),
      reference: (inputs) => total(inputs).map((value) => (relu ? Math.max(value, 0) : value)),
      gradients: (inputs, gradOutput) => {
        const y = total(inputs);
        const addend = gradOutput.map((grad, i) => (relu && y[i] <= 0 ? 0 : grad));
        return { ...trainingGradients(inputs.x, inputs.weight, addend), addend };
      },
    });
  });

  it.each([false, true])('is the composition, relu %s', async (rectify) => {
    const run = async (fused: boolean) => {
      const [x, other] = [1, 5].map(
        (seed) => new Parameter(Tensor.from(device, normalValues(3 * 33 * 32 * 8, seed), [3, 33, 32, 8])),
      );
      const weight = new Parameter(Tensor.from(device, normalValues(3, 2), [3]));
      const bias = new Parameter(Tensor.from(device, normalValues(3, 3), [3]));
      const options = fused ? { training: true, addend: other, relu: rectify } : { training: true };
      const normed = batchNorm(x, weight, bias, runningOf(3), options);
      const composed = () => (rectify ? relu(add(normed, other)) : add(normed, other));
      const y = fused ? normed : composed();
      backward(y, Tensor.from(device, normalValues(y.size, 4), y.shape));
      const grads = [x, weight, bias, other].map((parameter) => parameter.grad!);
      return Promise.all([y, ...grads].map((tensor) => tensor.read()));
    };
    const [whole, parts] = [await run(true), await run(false)];
    for (const [i, values] of whole.entries()) expectClose(values, parts[i], 1e-6, `tensor ${i}`);
  });

  it('refuses another shape', () => {
    const [x, three] = [Tensor.zeros(device, [3, 4]), Tensor.zeros(device, [3])];
    const options = { training: false, addend: Tensor.zeros(device, [3, 5]) };
    expect(() => batchNorm(x, three, three, runningOf(3), options)).toThrow(
      'batchNorm: expected addend f32 [3,4], got f32 [3,5]',
    );
  });
});

describe('batchNorm of what is used elsewhere too', () => {
  const cases = [SMALL[2], LARGE[1], LARGE[4]].flatMap((shape) =>
    [false, true].flatMap((relu) => [false, true].map((training) => ({ shape, relu, training }))),
  );

  /** Gradient of x, which goes to batchNorm and, with `elsewhere`, to a sum; and the kernels of the backward pass. */
  async function run({ shape, relu, training }: (typeof cases)[number], elsewhere: boolean, grads: Float32Array) {
    const channels = shape[0];
    const gradOutput = Tensor.from(device, grads, shape);
    const start = new Parameter(Tensor.from(device, normalValues(sizeOf(shape), 1), shape));
    const weight = new Parameter(Tensor.from(device, normalValues(channels, 2), [channels]));
    const bias = new Parameter(Tensor.from(device, normalValues(channels, 3), [channels]));
    const x = scale(start, 1);
    const y = batchNorm(x, weight, bias, runningOf(channels), { training, relu });
    const total = elsewhere ? add(x, y) : y;
    const recording = device.record(() => backward(total, gradOutput));
    device.replay(recording);
    const values = await Promise.all([start, weight, bias].map(({ grad }) => grad!.read()));
    return { values, kernels: recording.kernels.map(({ path }) => path) };
  }

  it.each(cases)('adds up gradients in its own pass: $shape, relu $relu, training $training', async (given) => {
    const grads = normalValues(sizeOf(given.shape), 4);
    const [alone, summed] = [await run(given, false, grads), await run(given, true, grads)];
    expect(summed.kernels).toEqual(alone.kernels);
    expect(summed.values.slice(1)).toEqual(alone.values.slice(1));
    // The sum of both, but for the rounding of its first term, which a compiler may leave out.
    for (const [i, value] of summed.values[0].entries()) {
      const own = alone.values[0][i];
      const difference = Math.abs(value - Math.fround(own + grads[i]));
      expect(difference).toBeLessThanOrEqual(2 ** -24 * Math.abs(own) + 2 ** -23 * Math.abs(value));
    }
  });

  it.each([SMALL[2], SMALL[5], LARGE[4]].map((shape) => ({ shape })))('against float64, $shape', async ({ shape }) => {
    const channels = shape[0];
    await checkOperation(device, {
      name: 'batchNorm and what it was given',
      inputs: { x: shape, weight: [channels], bias: [channels] },
      activations: ['x'],
      forward: (inputs) => {
        const x = scale(inputs.x, 1);
        return add(x, batchNorm(x, inputs.weight, inputs.bias, runningOf(channels), { training: true }));
      },
      reference: ({ x, weight, bias }) =>
        batchNormed(x, weight, bias, moments(x, channels)).map((value, i) => value + x[i]),
      gradients: ({ x, weight }, gradOutput) => {
        const own = trainingGradients(x, weight, gradOutput);
        return { ...own, x: own.x.map((value, i) => value + gradOutput[i]) };
      },
    });
  });

  it('adds up what both of its inputs pass to one tensor', async () => {
    const values = normalValues(15, 1);
    const gradientOf = async (one: boolean) => {
      const start = new Parameter(Tensor.from(device, values, [3, 5]));
      const perChannel = Tensor.from(device, [1, 2, 3], [3]);
      const x = scale(start, 1);
      const addend = one ? x : scale(start, 1);
      const y = batchNorm(x, perChannel, perChannel, runningOf(3), { training: true, addend });
      backward(add(x, y), Tensor.from(device, normalValues(15, 2), [3, 5]));
      return start.grad!.read();
    };
    expectClose(await gradientOf(true), await gradientOf(false), 1e-6, 'x as addend');
  });
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, 3e38])(
  'keeps running statistics as they are for a channel with %s',
  async (bad) => {
    const values = normalValues(2 * 9000, 1);
    values.set([bad, -bad], 5);
    const one = Tensor.from(device, [1, 1], [2]);
    const running = runningOf(2);
    batchNorm(Tensor.from(device, values, [2, 9000]), one, one, running, { training: true, momentum: 0.5 });
    const [mean, variance] = [await running.mean.read(), await running.variance.read()];
    expect([mean[0], variance[0]]).toEqual([
      ...[running.values.mean, running.values.variance].map(([x]) => Math.fround(x)),
    ]);
    expect([mean[1], variance[1]]).not.toEqual([running.values.mean[1], running.values.variance[1]].map(Math.fround));
  },
);

it('keeps four numbers a channel besides x for the backward pass', () => {
  const x = new Parameter(Tensor.from(device, normalValues(2 * 9000, 1), [2, 9000]));
  const perChannel = new Parameter(Tensor.from(device, normalValues(2, 2), [2]));
  const running = runningOf(2);
  const before = device.memory().usedBytes;
  scope(() => {
    const y = batchNorm(x, perChannel, perChannel, running, { training: true });
    const smallestBuffer = 256;
    expect(device.memory().usedBytes - before).toBe(y.buffer.sizeBytes + smallestBuffer);
  });
});

it('says what does not fit', () => {
  const x = Tensor.zeros(device, [3, 4]);
  const three = Tensor.zeros(device, [3]);
  const options = { training: false };
  expect(() => batchNorm(x, Tensor.zeros(device, [4]), three, runningOf(3), options)).toThrow(
    'batchNorm: expected weight f32 [3], got f32 [4]',
  );
  expect(() => batchNorm(x, three, three, runningOf(2), options)).toThrow('expected running mean f32 [3], got f32 [2]');
  expect(() => batchNorm(x, Tensor.zeros(device, [3], 'f16'), three, runningOf(3), options)).toThrow('got f16 [3]');
  expect(() => batchNorm(three, three, three, runningOf(3), options)).toThrow('expected x [C,...,N]');
});
