import { describe, expect, it } from 'vitest';
import {
  type AdamwHyper,
  adamwCorrection,
  adamwHyper,
  adamwStep,
  type Moments,
} from '../../src/shaders/adamw/adamw.js';
import { type Shape, sizeOf, Tensor } from '../../src/tensor/index.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const HYPER: AdamwHyper = { learningRate: 0.01, weightDecay: 0, epsilon: 1e-8, betas: [0.9, 0.999] };

/** PyTorch's AdamW, in float64. */
class ReferenceAdamw {
  private steps = 0;
  private readonly m: Float64Array;
  private readonly v: Float64Array;

  constructor(
    size: number,
    private readonly hyper: AdamwHyper,
  ) {
    this.m = new Float64Array(size);
    this.v = new Float64Array(size);
  }

  step(parameter: Float64Array, grad: Float32Array): void {
    const { learningRate, weightDecay, epsilon, betas } = this.hyper;
    const [beta1, beta2] = betas;
    this.steps++;
    for (let i = 0; i < parameter.length; i++) {
      parameter[i] *= 1 - learningRate * weightDecay;
      this.m[i] = beta1 * this.m[i] + (1 - beta1) * grad[i];
      this.v[i] = beta2 * this.v[i] + (1 - beta2) * grad[i] ** 2;
      const denominator = Math.sqrt(this.v[i]) / Math.sqrt(1 - beta2 ** this.steps) + epsilon;
      parameter[i] -= ((learningRate / (1 - beta1 ** this.steps)) * this.m[i]) / denominator;
    }
  }
}

function sharedState(hyper: AdamwHyper, guard: readonly [number, number] = [0, 0]) {
  return {
    correction: Tensor.zeros(device, [2]),
    hyper: Tensor.from(device, adamwHyper(hyper), [7]),
    guard: Tensor.from(device, guard, [2], 'u32'),
  };
}

const zeroMoments = (shape: Shape): Moments => ({
  first: Tensor.zeros(device, shape),
  second: Tensor.zeros(device, shape),
});

async function checkSteps(shape: Shape, hyper: AdamwHyper, steps: number): Promise<void> {
  const size = sizeOf(shape);
  const start = normalValues(size, 1);
  const parameter = Tensor.from(device, start, shape);
  const moments = zeroMoments(shape);
  const state = sharedState(hyper);
  const expected = Float64Array.from(start);
  const reference = new ReferenceAdamw(size, hyper);
  for (let step = 0; step < steps; step++) {
    const grad = normalValues(size, 10 + step);
    const gradient = Tensor.from(device, grad, shape);
    adamwCorrection(state);
    adamwStep(parameter, gradient, moments, state);
    gradient.dispose();
    reference.step(expected, grad);
  }
  const moved = (values: ArrayLike<number>) => Array.from(values, (value, i) => value - start[i]);
  // What changed, not what is there: a wrong correction would hide behind parameters of 1 moved by 0.01.
  expectClose(moved(await parameter.read()), moved(expected), 1e-4, `${steps} steps of ${JSON.stringify(hyper)}`);
}

describe('adamwStep', () => {
  it.each([
    HYPER,
    { ...HYPER, weightDecay: 0.1 },
    { ...HYPER, epsilon: 0.1 },
    { ...HYPER, betas: [0.5, 0.9] as const, weightDecay: 0.01 },
    { ...HYPER, betas: [0, 0.99] as const },
  ])('%o', async (hyper) => {
    for (const shape of [[1], [5], [64, 3], [16, 3, 3, 3], [257]]) await checkSteps(shape, hyper, 1);
    await checkSteps([7, 11], hyper, 5);
  });

  it('over many steps', () => checkSteps([13], { ...HYPER, weightDecay: 0.01 }, 300));

  it('leaves a parameter whose gradient has always been 0 alone', async () => {
    const parameter = Tensor.from(device, [1, 2, 3], [3]);
    const state = sharedState(HYPER);
    adamwCorrection(state);
    adamwStep(parameter, Tensor.zeros(device, [3]), zeroMoments([3]), state);
    expect([...(await parameter.read())]).toEqual([1, 2, 3]);
  });

  it('writes nothing once the guard is set', async () => {
    const start = normalValues(10, 1).map(Math.abs);
    const [parameter, first, second] = [0, 1, 2].map(() => Tensor.from(device, start, [10]));
    const state = sharedState(HYPER, [1, 0]);
    adamwCorrection(state);
    adamwStep(parameter, Tensor.from(device, new Float32Array(10).fill(Number.NaN), [10]), { first, second }, state);
    for (const tensor of [parameter, first, second]) expect(await tensor.read()).toEqual(start);
    expect([...(await state.correction.read())]).toEqual([0, 0]);
  });

  it('says what does not fit', () => {
    const [x, other] = [Tensor.zeros(device, [3, 2]), Tensor.zeros(device, [6])];
    const state = sharedState(HYPER);
    expect(() => adamwStep(x, other, zeroMoments([3, 2]), state)).toThrow(
      'adamwStep: expected grad f32 [3,2], got f32 [6]',
    );
    expect(() => adamwStep(x, x, zeroMoments([6]), state)).toThrow(
      'adamwStep: expected first moment f32 [3,2], got f32 [6]',
    );
    expect(() => adamwCorrection({ ...state, hyper: other })).toThrow(
      'adamwCorrection: expected hyper f32 [7], got f32 [6]',
    );
  });
});

describe('adamwCorrection', () => {
  it('is 1 - beta^t, to the last digits from the first step on', async () => {
    const state = sharedState({ ...HYPER, betas: [0.9, 0.9999] });
    for (let step = 1; step <= 200; step++) {
      adamwCorrection(state);
      if (![1, 2, 10, 200].includes(step)) continue;
      const [first, second] = await state.correction.read();
      expect(first / (1 - 0.9 ** step), `step ${step}`).toBeCloseTo(1, 5);
      expect(second / (1 - 0.9999 ** step), `step ${step}`).toBeCloseTo(1, 5);
    }
  });
});
