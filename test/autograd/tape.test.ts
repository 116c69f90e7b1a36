// The tape: which gradients arrive, how they add up, and that nothing is left behind.
import { beforeAll, describe, expect, it } from 'vitest';
import { backward, needsGrad, noGrad, Parameter, record } from '../../src/autograd/index.js';
import { add, mul, relu, reshape, scale, sum } from '../../src/shaders/index.js';
import { liveTensors, scope, Tensor } from '../../src/tensor/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

const tensor = (...values: number[]) => Tensor.from(device, values, [values.length]);
const parameter = (...values: number[]) => new Parameter(tensor(...values), 'p');
const gradOf = async (p: Parameter) => (p.grad ? Array.from(await p.grad.read()) : undefined);

describe('a parameter', () => {
  it('takes over the buffer of its values and lives outside of scopes', async () => {
    const before = liveTensors();
    const p = scope(() => {
      const values = tensor(1, 2);
      const made = new Parameter(values, 'weight');
      expect(values.isDisposed).toBe(true);
      return { hidden: new Set([made]) };
    })
      .hidden.values()
      .next().value!;
    expect([p.name, p.shape, Array.from(await p.read())]).toEqual(['weight', [2], [1, 2]]);
    backward(sum(p));
    const grad = p.grad!;
    p.dispose();
    expect([p.isDisposed, grad.isDisposed]).toEqual([true, true]);
    expect(liveTensors()).toBe(before + 1); // the loss
  });
});

describe('backward', () => {
  it('gives the gradient of every parameter', async () => {
    const [a, b] = [parameter(1, 2, 3), parameter(4, 5, 6)];
    backward(sum(mul(a, b)));
    expect([await gradOf(a), await gradOf(b)]).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ]);
  });

  it('adds what reaches one input twice', async () => {
    const x = parameter(1, 2, 3);
    backward(sum(mul(x, x)));
    expect(await gradOf(x)).toEqual([2, 4, 6]);
    const y = parameter(1, -2);
    backward(sum(add(y, y)));
    expect(await gradOf(y)).toEqual([2, 2]);
  });

  it('goes through diamonds once, whatever the lengths of their branches', async () => {
    const x = parameter(3);
    const shared = scale(x, 2); // 6
    const long = scale(scale(scale(shared, 5), 1), 1);
    const y = mul(add(shared, long), shared); // 6 (s^2), s = 2x: dy/dx = 6 * 2s * 2
    backward(sum(y));
    expect(await gradOf(x)).toEqual([6 * 2 * 6 * 2]);
  });

  it('walks deep diamonds in linear time', async () => {
    const x = parameter(1);
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = scale(add(y, y), 0.5);
    backward(y);
    expect(await gradOf(x)).toEqual([1]);
  });

  it('leaves the gradients of one branch alone when another adds to them', async () => {
    // add() hands one gradient to both of its inputs; a sum into either would change the other.
    const [x, y] = [parameter(1, 1), parameter(1, 1)];
    const z = add(x, y);
    backward(sum(add(add(z, x), scale(y, 10))));
    expect([await gradOf(x), await gradOf(y)]).toEqual([
      [2, 2],
      [11, 11],
    ]);
  });

  it('accumulates over calls until clearGrad', async () => {
    const x = parameter(1, 2);
    backward(sum(scale(x, 3)));
    backward(sum(scale(x, 4)));
    expect(await gradOf(x)).toEqual([7, 7]);
    x.clearGrad();
    expect(x.grad).toBeUndefined();
    x.clearGrad();
    const loss = sum(mul(x, x));
    backward(loss);
    backward(loss); // the same tape twice
    expect(await gradOf(x)).toEqual([4, 8]);
  });

  it('starts from a given gradient, which it does not take', async () => {
    const x = parameter(1, 2, 3);
    const gradOutput = tensor(1, 10, 100);
    backward(scale(x, 2), gradOutput);
    expect(await gradOf(x)).toEqual([2, 20, 200]);
    expect(Array.from(await gradOutput.read())).toEqual([1, 10, 100]);
  });

  it('passes views through', async () => {
    const x = parameter(1, 2, 3, 4);
    backward(sum(mul(reshape(x, [2, 2]), Tensor.from(device, [5, 6, 7, 8], [2, 2]))));
    expect(await gradOf(x)).toEqual([5, 6, 7, 8]);
    expect(x.grad?.shape).toEqual([4]);
  });

  it('reaches no parameter that the loss does not depend on', async () => {
    const [x, bystander] = [parameter(1), parameter(2)];
    scale(bystander, 2);
    backward(scale(x, 2));
    expect(await gradOf(x)).toEqual([2]);
    expect(bystander.grad).toBeUndefined();
  });

  it('refuses a tensor that depends on no parameter', () => {
    const message = 'backward: the tensor [2] depends on no parameter';
    expect(() => backward(scale(tensor(1, 2), 2))).toThrow(new Error(message));
    expect(() => backward(noGrad(() => scale(parameter(1, 2), 2)))).toThrow(new Error(message));
  });

  it('refuses a loss of several elements, and a gradient of another shape', () => {
    const y = scale(parameter(1, 2), 2);
    expect(() => backward(y)).toThrow(new Error('backward: expected a loss of one element of f32, got f32 [2]'));
    expect(() => backward(y, tensor(1, 2, 3))).toThrow(
      new Error('backward: expected a gradient of f32 [2], got f32 [3]'),
    );
  });

  it('names the operation whose gradient does not fit its input', () => {
    const x = parameter(1, 2);
    const y = record('broken', scale(x, 1), [x], () => [tensor(1, 2, 3)]);
    expect(() => backward(sum(y))).toThrow(new Error('broken: gradient f32 [3] for an input f32 [2]'));
  });
});

describe('gathered', () => {
  /** a + b, whose gradient for a is summed up by the operation itself: what was gathered arrives in `seen`. */
  function sumOf(a: Tensor, b: Tensor, seen: (Tensor | undefined)[] = []): Tensor {
    return record(
      'sumOf',
      noGrad(() => add(a, b)),
      [a, b],
      (gradOutput, gathered) => {
        const others = gathered(0);
        seen.push(others);
        return [others ? add(others, gradOutput) : gradOutput, gradOutput];
      },
    );
  }

  it('hands over what later uses have passed to an input, once, and frees it', async () => {
    const p = parameter(1, 2);
    const x = scale(p, 1);
    const seen: (Tensor | undefined)[] = [];
    const y = sumOf(x, tensor(0, 0), seen);
    const loss = sum(add(scale(x, 10), y));
    const before = liveTensors();
    backward(loss);
    expect(await gradOf(p)).toEqual([11, 11]);
    expect(seen.map((others) => others?.isDisposed)).toEqual([true]);
    expect(liveTensors()).toBe(before + 1); // the gradient of p
  });

  it('hands over nothing to the last use, nor what a parameter has', async () => {
    const p = parameter(1, 2);
    const seen: (Tensor | undefined)[] = [];
    const loss = sum(sumOf(p, scale(p, 10), seen));
    backward(loss);
    backward(loss);
    expect(await gradOf(p)).toEqual([22, 22]);
    expect(seen).toEqual([undefined, undefined]);
  });

  it('works where an input is given twice, and where what is handed over is handed back', async () => {
    const p = parameter(1, 2);
    const x = scale(p, 1);
    backward(sum(add(sumOf(x, x), x)));
    expect(await gradOf(p)).toEqual([3, 3]);

    const q = parameter(1, 2);
    const z = scale(q, 1);
    const constant = record('constant', tensor(0, 0), [z], (_, gathered) => [gathered(0)]);
    backward(sum(add(constant, z)));
    expect(await gradOf(q)).toEqual([1, 1]);
  });
});

describe('noGrad', () => {
  it('records nothing, and records again afterwards, also after an exception', () => {
    const x = parameter(1);
    expect(needsGrad(noGrad(() => scale(x, 2)))).toBe(false);
    expect(needsGrad(noGrad(() => noGrad(() => x) && scale(x, 2)))).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(needsGrad(scale(x, 2))).toBe(true);
  });

  it('treats what was computed inside as a constant', async () => {
    const x = parameter(3);
    const constant = noGrad(() => scale(x, 2));
    backward(mul(x, constant));
    expect(await gradOf(x)).toEqual([6]);
  });

  it('knows who needs a gradient', () => {
    const x = parameter(1);
    expect([needsGrad(x), needsGrad(tensor(1)), needsGrad(undefined), needsGrad(relu(add(x, tensor(1))))]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('memory', () => {
  const x = parameter(...Array.from({ length: 5000 }, (_, i) => i % 7));
  const step = () =>
    scope(() => {
      const shared = relu(scale(x, 0.5));
      backward(sum(mul(add(shared, shared), reshape(reshape(shared, [50, 100]), [5000]))));
    });

  beforeAll(() => {
    step();
    x.clearGrad();
  });

  it('of intermediate gradients is free again, within a scope and without', () => {
    const before = device.memory().usedBytes;
    step();
    x.clearGrad();
    expect(device.memory().usedBytes).toBe(before);
    const shared = relu(scale(x, 0.5)); // Not in a scope: what is made here stays, what backward makes does not.
    const loss = sum(mul(add(shared, shared), shared));
    const recorded = [device.memory().usedBytes, liveTensors()];
    backward(loss);
    x.clearGrad();
    expect([device.memory().usedBytes, liveTensors()]).toEqual(recorded);
  });

  it('is flat over a thousand steps, and so are pipelines and bind groups', () => {
    step();
    x.clearGrad();
    const [memory, { pipelines, bindGroups }] = [device.memory(), device.counters()];
    for (let i = 0; i < 1000; i++) {
      step();
      x.clearGrad();
    }
    expect(device.memory()).toEqual(memory);
    expect(device.counters()).toMatchObject({ pipelines, bindGroups });
  });

  it('of one gradient is all that accumulation takes', () => {
    x.clearGrad();
    step();
    const before = device.memory().usedBytes;
    step();
    expect(device.memory().usedBytes).toBe(before);
    x.clearGrad();
  });
});
