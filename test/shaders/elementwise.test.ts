import { describe, it } from 'vitest';
import { add } from '../../src/shaders/add/add.js';
import { mul } from '../../src/shaders/mul/mul.js';
import { relu } from '../../src/shaders/relu/relu.js';
import { scale } from '../../src/shaders/scale/scale.js';
import { checkOperation } from '../support/check_operation.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const SHAPES = [[1], [3], [4], [5, 7], [64, 4], [257], [3, 5, 7, 2]];

describe.each(SHAPES.map((shape) => ({ shape })))('elementwise $shape', ({ shape }) => {
  it('add', () =>
    checkOperation(device, {
      name: 'add',
      inputs: { a: shape, b: shape },
      activations: ['a', 'b'],
      forward: ({ a, b }) => add(a, b),
      reference: ({ a, b }) => a.map((value, i) => value + b[i]),
    }));

  it('mul', () =>
    checkOperation(device, {
      name: 'mul',
      inputs: { a: shape, b: shape },
      activations: ['a', 'b'],
      forward: ({ a, b }) => mul(a, b),
      reference: ({ a, b }) => a.map((value, i) => value * b[i]),
    }));

  it('a value used twice', () =>
    checkOperation(device, {
      name: 'square plus itself',
      inputs: { a: shape },
      activations: ['a'],
      forward: ({ a }) => add(mul(a, a), a),
      reference: ({ a }) => a.map((value) => value * value + value),
    }));

  it('scale', () =>
    checkOperation(device, {
      name: 'scale',
      inputs: { x: shape },
      activations: ['x'],
      forward: ({ x }) => scale(x, -1.5),
      reference: ({ x }) => x.map((value) => -1.5 * value),
    }));

  it('relu', () =>
    checkOperation(device, {
      name: 'relu',
      inputs: { x: shape },
      activations: ['x'],
      forward: ({ x }) => relu(x),
      reference: ({ x }) => x.map((value) => Math.max(value, 0)),
    }));
});
