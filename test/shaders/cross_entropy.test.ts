import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { crossEntropy } from '../../src/shaders/cross_entropy/cross_entropy.js';
import { Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

/** Logarithm of the softmax over classes of logits [K,N]. */
function logSoftmax(logits: Float64Array, classes: number, samples: number): Float64Array {
  const y = new Float64Array(logits.length);
  for (let n = 0; n < samples; n++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[k * samples + n]);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[k * samples + n] - largest);
    for (let k = 0; k < classes; k++) y[k * samples + n] = logits[k * samples + n] - largest - Math.log(sum);
  }
  return y;
}

function target(k: number, label: number, classes: number, smoothing: number): number {
  return (k === label ? 1 - smoothing : 0) + smoothing / classes;
}

function reference(logits: Float64Array, labels: Uint32Array, classes: number, smoothing: number): Float64Array {
  const samples = labels.length;
  const logProbabilities = logSoftmax(logits, classes, samples);
  let loss = 0;
  for (let n = 0; n < samples; n++)
    for (let k = 0; k < classes; k++)
      loss -= (target(k, labels[n], classes, smoothing) * logProbabilities[k * samples + n]) / samples;
  return Float64Array.of(loss);
}

function referenceGradient(
  logits: Float64Array,
  labels: Uint32Array,
  classes: number,
  smoothing: number,
  gradOutput: number,
): Float64Array {
  const samples = labels.length;
  return logSoftmax(logits, classes, samples).map((logProbability, i) => {
    const wanted = target(Math.floor(i / samples), labels[i % samples], classes, smoothing);
    return ((Math.exp(logProbability) - wanted) * gradOutput) / samples;
  });
}

function labelsFor(classes: number, samples: number): Uint32Array {
  return Uint32Array.from({ length: samples }, (_, n) => (n * 7 + classes - 1) % classes);
}

function check(classes: number, samples: number, labelSmoothing: number, values?: Float32Array): Promise<void> {
  const labels = labelsFor(classes, samples);
  return checkOperation(device, {
    name: `crossEntropy smoothing ${labelSmoothing}`,
    inputs: { logits: [classes, samples] },
    values: values && { logits: values },
    forward: ({ logits }) =>
      crossEntropy(logits, Tensor.from(device, labels, [samples], 'u32'), labelSmoothing > 0 ? { labelSmoothing } : {}),
    reference: ({ logits }) => reference(logits, labels, classes, labelSmoothing),
    gradients: ({ logits }, gradOutput) => ({
      logits: referenceGradient(logits, labels, classes, labelSmoothing, gradOutput[0]),
    }),
  });
}

async function lossAndGradient(classes: number, logits: ArrayLike<number>, labels: readonly number[]) {
  using x = new Parameter(Tensor.from(device, logits, [classes, labels.length]));
  using loss = crossEntropy(x, Tensor.from(device, labels, [labels.length], 'u32'));
  backward(loss);
  return { loss: await loss.item(), grad: await x.grad!.read() };
}

describe('crossEntropy', () => {
  it.each([
    [1, 1],
    [2, 1],
    [10, 3],
    [10, 8],
    [16, 9],
    [17, 128],
    [100, 257],
    [1000, 65],
    [1000, 1024],
  ])('%i classes, %i samples', async (classes, samples) => {
    await check(classes, samples, 0);
    await check(classes, samples, 0.1);
  });

  it('agrees with central differences of the reference', async () => {
    const labels = labelsFor(5, 3);
    await checkOperation(device, {
      name: 'crossEntropy',
      inputs: { logits: [5, 3] },
      forward: ({ logits }) => crossEntropy(logits, Tensor.from(device, labels, [3], 'u32'), { labelSmoothing: 0.2 }),
      reference: ({ logits }) => reference(logits, labels, 5, 0.2),
    });
  });

  it('is stable for huge logits', async () => {
    const near = normalValues(10 * 12, 1);
    await check(
      10,
      12,
      0.1,
      near.map((value) => value * 1e4),
    );
    await check(
      10,
      12,
      0.1,
      near.map((value) => value * 1e37),
    );
    // In steps of 1/8, which floats near a million hold exactly.
    await check(
      10,
      12,
      0.1,
      near.map((value) => 1e6 + Math.round(value * 8) / 8),
    );
    await check(
      10,
      12,
      0.1,
      near.map((value) => -1e6 + Math.round(value * 8) / 8),
    );
  });

  it('is what PyTorch computes', async () => {
    // cross_entropy(tensor([[1., 2., 3.], [1., 2., 3.]]), tensor([2, 0])): log(e^-2 + e^-1 + 1) = 0.407606, and 2 more.
    const { loss } = await lossAndGradient(3, [1, 1, 2, 2, 3, 3], [2, 0]);
    expect(loss).toBeCloseTo(0.407606 + 1, 5);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%f among the logits is a NaN',
    async (value) => {
      for (const position of [0, 3, 29]) {
        const logits = normalValues(30, 2);
        logits[position] = value;
        const { loss, grad } = await lossAndGradient(10, logits, [1, 2, 3]);
        expect(loss).toBeNaN();
        grad.forEach((entry, i) => void expect(Number.isNaN(entry)).toBe(i % 3 === position % 3));
      }
    },
  );

  it('a label that is no class is a NaN', async () => {
    for (const label of [10, 0xffffffff]) {
      const { loss, grad } = await lossAndGradient(10, normalValues(30, 3), [1, label, 9]);
      expect(loss).toBeNaN();
      grad.forEach((entry, i) => void expect(Number.isNaN(entry)).toBe(i % 3 === 1));
    }
  });

  it('takes two dispatches forward and one backward', () => {
    using logits = new Parameter(Tensor.from(device, normalValues(1000 * 256, 4), [1000, 256]));
    using labels = Tensor.zeros(device, [256], 'u32');
    const seed = Tensor.from(device, [1], [1]);
    const before = device.counters().dispatches;
    const loss = crossEntropy(logits, labels);
    expect(device.counters().dispatches - before).toBe(2);
    backward(loss, seed);
    expect(device.counters().dispatches - before).toBe(3);
  });

  it('repeats bit for bit', async () => {
    const logits = normalValues(100 * 33, 5);
    const labels = [...labelsFor(100, 33)];
    expect(await lossAndGradient(100, logits, labels)).toEqual(await lossAndGradient(100, logits, labels));
  });

  it('says what does not fit', () => {
    const logits = Tensor.zeros(device, [10, 4]);
    const labels = Tensor.zeros(device, [4], 'u32');
    expect(() => crossEntropy(logits, Tensor.zeros(device, [4]))).toThrow(
      'crossEntropy: expected labels u32 [4], got f32 [4]',
    );
    expect(() => crossEntropy(logits, Tensor.zeros(device, [10], 'u32'))).toThrow(
      'expected labels u32 [4], got u32 [10]',
    );
    expect(() => crossEntropy(Tensor.zeros(device, [10, 0]), labels)).toThrow('expected logits f32 [K,N]');
    expect(() => crossEntropy(logits, labels, { labelSmoothing: 1.5 })).toThrow('labelSmoothing from 0 to 1, got 1.5');
  });
});
