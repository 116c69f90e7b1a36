import { describe, expect, it } from 'vitest';
import { movingAverage } from '../../src/shaders/moving_average/moving_average.js';
import { type Shape, sizeOf, Tensor } from '../../src/tensor/index.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const closedGuard = () => Tensor.from(device, [3, 2], [2], 'u32');
const openGuard = () => Tensor.zeros(device, [2], 'u32');

describe('movingAverage', () => {
  it.each<[Shape, number]>([
    [[1], 0.5],
    [[5], 0],
    [[64, 3], 0.9],
    [[257], 0.999],
    [[3, 3, 7, 2], 0.9999],
  ])('%o, decay %f', async (shape, decay) => {
    const size = sizeOf(shape);
    const start = normalValues(size, 1);
    const average = Tensor.from(device, start, shape);
    const expected = Float64Array.from(start);
    for (let step = 0; step < 4; step++) {
      const value = normalValues(size, 10 + step);
      movingAverage(average, Tensor.from(device, value, shape), decay, openGuard());
      for (let i = 0; i < size; i++) expected[i] = decay * expected[i] + (1 - decay) * value[i];
    }
    expectClose(await average.read(), expected, 1e-6, `decay ${decay}`);
  });

  it('stays bit for bit where the value is the average', async () => {
    const start = normalValues(33, 1);
    const average = Tensor.from(device, start, [33]);
    movingAverage(average, Tensor.from(device, start, [33]), 0.9, openGuard());
    expect(await average.read()).toEqual(start);
  });

  it('writes nothing once the guard is set', async () => {
    const average = Tensor.from(device, [1, 2, 3], [3]);
    movingAverage(average, Tensor.from(device, [Number.NaN, 0, 0], [3]), 0.9, closedGuard());
    expect([...(await average.read())]).toEqual([1, 2, 3]);
  });

  it('says what does not fit', () => {
    expect(() => movingAverage(Tensor.zeros(device, [3]), Tensor.zeros(device, [4]), 0.9, openGuard())).toThrow(
      'movingAverage: expected average f32 [4], got f32 [3]',
    );
  });
});
