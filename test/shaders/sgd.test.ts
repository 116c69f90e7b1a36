import { describe, expect, it } from 'vitest';
import { guardLoss, type SgdUpdate, sgdStep, sgdSteps } from '../../src/shaders/sgd/sgd.js';
import { type Shape, sizeOf, Tensor } from '../../src/tensor/index.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

interface Hyper {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

function hyperTensor({ learningRate, momentum, weightDecay, nesterov }: Hyper): Tensor {
  return Tensor.from(device, [learningRate, momentum, weightDecay, nesterov ? 1 : 0], [4]);
}

/** PyTorch's SGD: the momentum buffer of the first step is the gradient itself. */
class ReferenceSgd {
  private buffer: Float64Array | undefined;

  constructor(private readonly hyper: Hyper) {}

  step(parameter: Float64Array, grad: Float32Array): Float64Array {
    const { learningRate, momentum, weightDecay, nesterov } = this.hyper;
    const decayed = parameter.map((value, i) => grad[i] + weightDecay * value);
    const buffer = this.buffer?.map((value, i) => momentum * value + decayed[i]) ?? decayed;
    this.buffer = buffer;
    const direction = nesterov ? decayed.map((value, i) => value + momentum * buffer[i]) : buffer;
    return parameter.map((value, i) => value - learningRate * direction[i]);
  }
}

async function checkSteps(shape: Shape, hyper: Hyper): Promise<void> {
  const size = sizeOf(shape);
  const start = normalValues(size, 1);
  const parameter = Tensor.from(device, start, shape);
  const velocity = Tensor.zeros(device, shape);
  const guard = Tensor.zeros(device, [2], 'u32');
  const reference = new ReferenceSgd(hyper);
  let expected = Float64Array.from(start);
  for (let step = 0; step < 4; step++) {
    const grad = normalValues(size, 10 + step);
    sgdStep(parameter, Tensor.from(device, grad, shape), velocity, hyperTensor(hyper), guard);
    expected = reference.step(expected, grad) as Float64Array<ArrayBuffer>;
    expectClose(await parameter.read(), expected, 1e-5, `step ${step} of ${JSON.stringify(hyper)}`);
  }
}

describe('sgdStep', () => {
  const plain = { learningRate: 0.1, momentum: 0, weightDecay: 0, nesterov: false };
  it.each([
    plain,
    { ...plain, weightDecay: 0.05 },
    { ...plain, momentum: 0.9 },
    { ...plain, momentum: 0.9, weightDecay: 5e-4 },
    { ...plain, momentum: 0.9, weightDecay: 5e-4, nesterov: true },
  ])(
    'learning rate $learningRate, momentum $momentum, weight decay $weightDecay, nesterov $nesterov',
    async (hyper) => {
      for (const shape of [[1], [5], [64, 3], [16, 3, 3, 3], [257]]) await checkSteps(shape, hyper);
    },
  );

  it('writes nothing once the guard is set', async () => {
    const start = normalValues(10, 1);
    const parameter = Tensor.from(device, start, [10]);
    const velocity = Tensor.from(device, start, [10]);
    const hyper = hyperTensor({ ...plain, momentum: 0.9 });
    const grad = Tensor.from(device, new Float32Array(10).fill(Number.NaN), [10]);
    sgdStep(parameter, grad, velocity, hyper, Tensor.from(device, [1, 0], [2], 'u32'));
    expect(await parameter.read()).toEqual(start);
    expect(await velocity.read()).toEqual(start);
  });

  it('says what does not fit', () => {
    const x = Tensor.zeros(device, [3, 2]);
    const hyper = Tensor.zeros(device, [4]);
    const guard = Tensor.zeros(device, [2], 'u32');
    expect(() => sgdStep(x, Tensor.zeros(device, [2, 3]), Tensor.zeros(device, [3, 2]), hyper, guard)).toThrow(
      'sgdStep: expected grad f32 [3,2], got f32 [2,3]',
    );
    expect(() => sgdStep(x, Tensor.zeros(device, [3, 2]), Tensor.zeros(device, [6]), hyper, guard)).toThrow(
      'sgdStep: expected velocity f32 [3,2], got f32 [6]',
    );
  });
});

describe('sgdSteps', () => {
  /** Small ones, an odd one left over, and large ones between them. */
  const shapes: Shape[] = [[1], [64, 3], [40000], [16, 3, 3, 3], [257], [16384], [16385], [5], [2]];

  /** What `step` makes of parameters and velocities, and how many dispatches it takes. */
  async function resultOf(step: (updates: readonly SgdUpdate[], hyper: Tensor, guard: Tensor) => void, frozen = false) {
    const updates = shapes.map((shape, i) => {
      const [parameter, grad, velocity] = [0, 1, 2].map((kind) =>
        Tensor.from(device, normalValues(sizeOf(shape), 3 * i + kind), shape),
      );
      return { parameter, grad, velocity };
    });
    const hyper = hyperTensor({ learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4, nesterov: true });
    const guard = Tensor.from(device, [frozen ? 1 : 0, 0], [2], 'u32');
    const before = device.counters().dispatches;
    for (let i = 0; i < 2; i++) step(updates, hyper, guard);
    const dispatches = device.counters().dispatches - before;
    const tensors = updates.flatMap(({ parameter, velocity }) => [parameter, velocity]);
    return { values: await Promise.all(tensors.map((tensor) => tensor.read())), dispatches };
  }

  const oneByOne: typeof sgdSteps = (updates, hyper, guard) => {
    for (const { parameter, grad, velocity } of updates) sgdStep(parameter, grad, velocity, hyper, guard);
  };

  it('are sgdStep one by one, bit for bit, with two small parameters in a dispatch', async () => {
    const [joined, single] = [await resultOf(sgdSteps), await resultOf(oneByOne)];
    expect(joined.values).toEqual(single.values);
    expect([single.dispatches, joined.dispatches]).toEqual([18, 12]);
  });

  it('write nothing once the guard is set', async () => {
    const start = await resultOf(() => {});
    expect((await resultOf(sgdSteps, true)).values).toEqual(start.values);
  });

  it('say what does not fit', () => {
    const [two, three] = [2, 3].map((size) => Tensor.zeros(device, [size]));
    const updates = [
      { parameter: two, grad: two, velocity: two },
      { parameter: three, grad: three, velocity: two },
    ];
    const guard = Tensor.zeros(device, [2], 'u32');
    expect(() => sgdSteps(updates, Tensor.zeros(device, [4]), guard)).toThrow(
      'sgdStep: expected velocity f32 [3], got f32 [2]',
    );
  });
});

describe('guardLoss', () => {
  async function guardAfter(losses: readonly number[]): Promise<number[]> {
    const guard = Tensor.zeros(device, [2], 'u32');
    for (const loss of losses) guardLoss(Tensor.from(device, [loss], [1]), guard);
    return [...(await guard.read())];
  }

  it('counts steps as long as losses are finite', async () => {
    expect(await guardAfter([])).toEqual([0, 0]);
    expect(await guardAfter([0, -1, 3.4e38, 1e-40])).toEqual([0, 4]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'notes the step of %f for good',
    async (bad) => {
      expect(await guardAfter([bad])).toEqual([1, 0]);
      expect(await guardAfter([1, 2, bad])).toEqual([3, 2]);
      expect((await guardAfter([1, 2, bad, 1, bad]))[0]).toBe(3);
    },
  );

  it('freezes parameters at the last good ones', async () => {
    const hyper = hyperTensor({ learningRate: 1, momentum: 0, weightDecay: 0, nesterov: false });
    const parameter = Tensor.zeros(device, [3]);
    const velocity = Tensor.zeros(device, [3]);
    const guard = Tensor.zeros(device, [2], 'u32');
    for (const loss of [2, 1, Number.NaN, 1]) {
      guardLoss(Tensor.from(device, [loss], [1]), guard);
      sgdStep(parameter, Tensor.from(device, [1, 1, loss], [3]), velocity, hyper, guard);
    }
    expect([...(await parameter.read())]).toEqual([-2, -2, -3]);
  });

  it('says what does not fit', () => {
    expect(() => guardLoss(Tensor.zeros(device, [2]), Tensor.zeros(device, [2], 'u32'))).toThrow(
      'guardLoss: expected loss f32 [1], got f32 [2]',
    );
  });
});
