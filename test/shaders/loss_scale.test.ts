import { describe, expect, it } from 'vitest';
import {
  LOGGED_OVERFLOWS,
  type LossScaleState,
  OVERFLOW_WORDS,
  settleLossScale,
  unscaleGradient,
} from '../../src/shaders/loss_scale/loss_scale.js';
import { guardLoss } from '../../src/shaders/sgd/sgd.js';
import { Random, Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function stateOf(scale: number): LossScaleState {
  const zeros = (size: number) => Tensor.zeros(device, [size], 'u32');
  return {
    scale: Tensor.from(device, [scale], [1]),
    goodSteps: zeros(1),
    watch: zeros(1),
    overflows: zeros(1 + LOGGED_OVERFLOWS * OVERFLOW_WORDS),
    gate: zeros(2),
  };
}

describe('unscaleGradient', () => {
  it.each([1, 2, 3, 4, 5, 8, 257, 1025])('%i values, exactly, and nothing seen in the padding', async (size) => {
    for (const scale of [2 ** -3, 1, 2 ** 16, 2 ** 24]) {
      const state = stateOf(scale);
      const values = normalValues(size, size);
      const grad = Tensor.empty(device, [size]);
      grad.write(values.map((value) => value * scale));
      expect(await unscaleGradient(grad, 7, state).read()).toEqual(values);
      expect(await state.watch.item()).toBe(0);
    }
  });

  it.each([Number.NaN, 1 / 0, -1 / 0])('notes %d, and puts 0 in its place', async (bad) => {
    for (const position of [0, 3, 4, 66]) {
      const state = stateOf(2);
      const values = normalValues(67, 1);
      const expected = values.map((value, i) => (i === position ? 0 : value / 2));
      values[position] = bad;
      const unscaled = unscaleGradient(Tensor.from(device, values, [67]), 4, state);
      expect(await unscaled.read()).toEqual(expected);
      expect(await state.watch.item()).toBe(5);
    }
  });

  it('remembers the highest index', async () => {
    const state = stateOf(1);
    const gradOf = (value: number) => Tensor.from(device, [value], [1]);
    for (const [value, index] of [
      [Number.NaN, 2],
      [Number.NaN, 5],
      [Number.NaN, 1],
      [0, 9],
    ]) {
      unscaleGradient(gradOf(value), index, state);
    }
    expect(await state.watch.item()).toBe(6);
  });

  it('says what does not fit', () => {
    const halves = Tensor.zeros(device, [2], 'f16');
    expect(() => unscaleGradient(halves, 0, stateOf(1))).toThrow('unscaleGradient: expected grad f32 [2], got f16 [2]');
  });
});

/** The same in plain numbers. */
class Reference {
  goodSteps = 0;
  steps = 0;
  failed = 0;
  isClosed = false;
  readonly log: number[][] = [];

  constructor(public scale: number) {}

  /** @param bad index of a parameter, or -1. */
  settle(bad: number, interval: number): void {
    this.isClosed = bad >= 0 || this.failed > 0;
    if (this.failed > 0) return;
    this.steps++;
    if (bad < 0) {
      this.goodSteps++;
      if (this.goodSteps < interval) return;
      this.goodSteps = 0;
      this.scale = Math.min(this.scale * 2, 2 ** 24);
      return;
    }
    this.log.push([this.steps - 1, bad, this.scale]);
    this.goodSteps = 0;
    if (this.scale > 1) this.scale /= 2;
    else this.failed = this.steps;
  }
}

/** Steps whose gradients overflow where `isBad` says so. */
async function checkSettling(start: number, interval: number, steps: number, isBad: (step: number) => boolean) {
  const state = stateOf(start);
  const guard = Tensor.zeros(device, [2], 'u32');
  const loss = Tensor.from(device, [1], [1]);
  const reference = new Reference(start);
  for (let step = 0; step < steps; step++) {
    guardLoss(loss, guard);
    const index = isBad(step) ? step % 5 : -1;
    if (index >= 0) unscaleGradient(Tensor.from(device, [Number.NaN], [1]), index, state);
    settleLossScale(state, guard, interval);
    reference.settle(index, interval);
    expect(await state.scale.item(), `scale after step ${step}`).toBe(reference.scale);
    expect(await state.goodSteps.item(), `good steps after step ${step}`).toBe(reference.goodSteps);
    expect((await state.gate.read())[0], `gate of step ${step}`).toBe(reference.isClosed ? 1 : 0);
    expect((await guard.read())[0], `guard after step ${step}`).toBe(reference.failed);
  }
  const [count, ...log] = await state.overflows.read();
  expect(count).toBe(reference.log.length);
  for (const [number, [step, index, scale]] of reference.log.entries()) {
    if (number < count - LOGGED_OVERFLOWS) continue;
    const at = (number % LOGGED_OVERFLOWS) * OVERFLOW_WORDS;
    const [logged] = new Float32Array(Uint32Array.of(log[at + 2]).buffer);
    expect([log[at], log[at + 1], logged]).toEqual([step, index, scale]);
  }
  expect(await state.watch.item()).toBe(0);
}

describe('settleLossScale', () => {
  it('halves at an overflow, and doubles after enough steps without', async () => {
    const random = new Random(3);
    await checkSettling(2 ** 20, 3, 40, () => random.uniform() < 0.3);
  });

  it('doubles no further than 2^24', () => checkSettling(2 ** 22, 1, 6, () => false));

  it('remembers the last overflows of many', () => checkSettling(2 ** 24, 1, 100, (step) => step % 2 === 0));

  it('trips the guard at an overflow where the scale is 1', () => checkSettling(4, 100, 6, () => true));

  it('keeps the gate closed once a loss was not finite, and changes nothing', async () => {
    const state = stateOf(8);
    const guard = Tensor.zeros(device, [2], 'u32');
    guardLoss(Tensor.from(device, [Number.NaN], [1]), guard);
    for (let step = 0; step < 2; step++) settleLossScale(state, guard, 1);
    expect([...(await state.gate.read())]).toEqual([1, 0]);
    expect([await state.scale.item(), await state.goodSteps.item()]).toEqual([8, 0]);
    expect([...(await guard.read())]).toEqual([1, 0]);
  });
});
