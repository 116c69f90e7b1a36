import { describe, expect, it } from 'vitest';
import { backward, Parameter } from '../../src/autograd/index.js';
import { dropout } from '../../src/shaders/dropout/dropout.js';
import { type Shape, sizeOf, Tensor } from '../../src/tensor/index.js';
import { checkOperation } from '../support/check_operation.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function randomOf(seed: number, step: number): Tensor {
  return Tensor.from(device, [seed, step], [2], 'u32');
}

/** The hash in plain integers: whether each element is kept. */
function keptBy(size: number, probability: number, seed: number, step: number, stream: number): boolean[] {
  const kept: boolean[] = [];
  for (let i = 0; i * 4 < size; i++) {
    const v = Uint32Array.from([i, stream, step, seed], (word) => Math.imul(word, 1664525) + 1013904223);
    const mix = () => {
      v[0] += Math.imul(v[1], v[3]);
      v[1] += Math.imul(v[2], v[0]);
      v[2] += Math.imul(v[0], v[1]);
      v[3] += Math.imul(v[1], v[2]);
    };
    mix();
    for (let word = 0; word < 4; word++) v[word] ^= v[word] >>> 16;
    mix();
    kept.push(...Array.from(v, (word) => word >= Math.round(probability * 2 ** 32)));
  }
  return kept.slice(0, size);
}

/** 1 where kept, as the GPU has it. */
async function mask(size: number, probability: number, seed: number, step: number, stream: number): Promise<number[]> {
  const ones = Tensor.from(device, new Float32Array(size).fill(1), [size]);
  const y = await dropout(ones, probability, randomOf(seed, step), stream).read();
  return Array.from<number, number>(y, (value) => (value === 0 ? 0 : 1));
}

/** Sample correlation of two masks in units of its standard deviation: below 5 unless they depend on each other. */
function correlation(a: number[], b: number[], probability: number): number {
  const rate = 1 - probability;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - rate) * (b[i] - rate);
  return Math.abs(sum) / (rate * probability * Math.sqrt(a.length));
}

describe('dropout', () => {
  const shapes: Shape[] = [[1], [3], [5, 7], [64, 4], [2, 3, 5, 9], [1025]];
  it.each(shapes.map((shape) => ({ shape })))('$shape', ({ shape }) => {
    const random = randomOf(7, 3);
    const kept = keptBy(sizeOf(shape), 0.3, 7, 3, 2);
    return checkOperation(device, {
      name: 'dropout',
      inputs: { x: shape },
      activations: ['x'],
      forward: ({ x }) => dropout(x, 0.3, random, 2),
      reference: ({ x }) => x.map((value, i) => (kept[i] ? value / 0.7 : 0)),
    });
  });

  it('of probability 0 is its input', () => {
    const x = Tensor.zeros(device, [4]);
    expect(dropout(x, 0, randomOf(1, 1), 0)).toBe(x);
  });

  it('follows a random buffer that is rewritten', async () => {
    const random = randomOf(1, 1);
    const x = new Parameter(Tensor.from(device, new Float32Array(100).fill(1), [100]));
    for (const step of [1, 2]) {
      random.write([1, step]);
      x.clearGrad();
      const y = dropout(x, 0.5, random, 0);
      backward(y, Tensor.from(device, new Float32Array(100).fill(1), [100]));
      const expected = keptBy(100, 0.5, 1, step, 0).map((kept) => (kept ? 2 : 0));
      expect(Array.from(await y.read())).toEqual(expected);
      expect(Array.from(await x.grad!.read())).toEqual(expected);
    }
  });

  it.each([0.1, 0.5, 0.9])(
    'keeps as many as it should, in each of the four words of a hash, probability %f',
    async (probability) => {
      const size = 2 ** 18;
      for (const [seed, step] of [
        [0, 0],
        [1, 0],
        [42, 10000],
      ]) {
        const kept = await mask(size, probability, seed, step, 0);
        for (let word = 0; word < 4; word++) {
          const count = kept.filter((_, i) => i % 4 === word).reduce((sum, value) => sum + value, 0);
          const deviation = Math.sqrt((size / 4) * probability * (1 - probability));
          expect(Math.abs(count - (size / 4) * (1 - probability)) / deviation).toBeLessThan(5);
        }
      }
    },
  );

  it('draws elements, streams, steps and seeds independently', async () => {
    const probability = 0.4;
    const size = 2 ** 18;
    const of = (seed: number, step: number, stream: number) => mask(size, probability, seed, step, stream);
    const kept = await of(5, 8, 0);
    for (const other of [await of(5, 8, 1), await of(5, 9, 0), await of(6, 8, 0), await of(8, 5, 0)]) {
      expect(correlation(kept, other, probability)).toBeLessThan(5);
    }
    const [stream, step, seed] = [await of(5, 8, 1), await of(5, 9, 0), await of(6, 8, 0)];
    expect(correlation(stream, step, probability)).toBeLessThan(5);
    expect(correlation(step, seed, probability)).toBeLessThan(5);
    for (const lag of [1, 2, 3, 4, 32, 128, 1024]) {
      expect(correlation(kept.slice(lag), kept.slice(0, -lag), probability)).toBeLessThan(5);
    }
    expect(await of(5, 8, 0)).toEqual(kept);
  });

  it('says what it expects', () => {
    const x = Tensor.zeros(device, [4]);
    for (const probability of [1, -0.1, Number.NaN]) {
      expect(() => dropout(x, probability, randomOf(1, 1), 0)).toThrow(`below 1, got ${probability}`);
    }
    expect(() => dropout(x, 0.5, Tensor.zeros(device, [2]), 0)).toThrow('expected random u32 [2], got f32 [2]');
  });
});
