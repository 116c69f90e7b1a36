import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { maskWeight } from '../../src/shaders/mask_weight/mask_weight.js';
import { keep, Random, type Shape, scope, sizeOf, Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function randomMask(size: number, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => random.below(2));
}

describe('maskWeight', () => {
  const shapes: Shape[] = [[1], [2], [3], [4], [5, 1], [17], [16, 3, 3, 3], [65, 33]];
  it.each(shapes.map((shape) => ({ shape })))('$shape', ({ shape }) => {
    const values = randomMask(sizeOf(shape), 4);
    const mask = Tensor.from(device, values, shape, 'u8');
    return checkOperation(device, {
      name: 'maskWeight',
      inputs: { weight: shape },
      forward: ({ weight }) => maskWeight(weight, mask),
      reference: ({ weight }) => weight.map((value, i) => value * values[i]),
    });
  });

  it('lets nothing through where pruned, and hands out the dense gradient', async () => {
    const size = 11;
    const keptEntries = Uint8Array.from({ length: size }, (_, i) => i % 2);
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const behind = (values: Float32Array) => values.map((value, i) => (keptEntries[i] ? value : bad[(i / 2) % 3]));
    const weightValues = behind(normalValues(size, 1));
    const gradValues = behind(normalValues(size, 2));
    const weight = new Parameter(Tensor.from(device, weightValues, [size]));
    const mask = Tensor.from(device, keptEntries, [size], 'u8');
    let dense: Tensor | undefined;
    const y = scope(() => {
      const result = maskWeight(weight, mask, {
        onDenseGradient: (gradient) => {
          dense = keep(gradient.view(gradient.shape));
        },
      });
      backward(result, Tensor.from(device, gradValues, [size]));
      return result;
    });
    const masked = (values: Float32Array) => values.map((value, i) => (keptEntries[i] ? value : 0));
    expect(await y.read()).toEqual(masked(weightValues));
    expect(await weight.grad!.read()).toEqual(masked(gradValues));
    expect(await dense!.read()).toEqual(gradValues);
  });

  it('says what does not fit', () => {
    const weight = Tensor.zeros(device, [4, 5]);
    expect(() => maskWeight(weight, Tensor.zeros(device, [5, 4], 'u8'))).toThrow(
      'maskWeight: expected mask u8 [4,5], got u8 [5,4]',
    );
    expect(() => maskWeight(weight, Tensor.zeros(device, [4, 5]))).toThrow('expected mask u8 [4,5], got f32');
  });
});
