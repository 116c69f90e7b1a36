// Modules: names, modes, statistics, memory.

import { describe, expect, it } from 'vitest';
import { backward, noGrad, Parameter } from '../../src/autograd/index.js';
import { createModel } from '../../src/models/index.js';
import {
  AvgPool2d,
  BatchNorm,
  Conv2d,
  Dropout,
  Flatten,
  GlobalAvgPool2d,
  Linear,
  type Mode,
  Module,
  Sequential,
} from '../../src/nn/index.js';
import { addBias, relu } from '../../src/shaders/index.js';
import { takeStatistics } from '../../src/shaders/part_statistics.js';
import { keep, Random, scope, Tensor } from '../../src/tensor/index.js';
import { expectClose, normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const context = () => ({ device, random: new Random(1) });

function mode(training: boolean, step = 0): Mode {
  return { training, random: keep(Tensor.from(device, [5, step], [2], 'u32')) };
}

class Pair extends Module {
  readonly first = new Linear(context(), 6, 5);
  readonly stages = new Sequential([new Linear(context(), 5, 4, { bias: false }), new BatchNorm(context(), 4)]);

  override forward(x: Tensor, passed: Mode): Tensor {
    return this.stages.forward(relu(this.first.forward(x)), passed);
  }
}

/** Of a block of the wide residual network, in the order of the original program's state dicts. */
function blockNames(block: string, shortcut: boolean): string[] {
  const statistics = ['weight', 'bias', 'running_mean', 'running_var'];
  const layer = (name: string) => [`${block}.${name}.weight`, `${block}.${name}.bias`];
  return [
    ...statistics.map((name) => `${block}.bn1.${name}`),
    ...layer('conv0'),
    ...statistics.map((name) => `${block}.bn2.${name}`),
    ...layer('conv1'),
    ...(shortcut ? layer('conv2') : []),
  ];
}

/** Those of shared/fixtures/parity/wrn-10-1-*.init.safetensors, masks left out. */
const WRN_10_1 = [
  'net0_block0_conv0.weight',
  'net0_block0_conv0.bias',
  ...blockNames('net1.layer.0', false),
  ...blockNames('net2.layer.0', true),
  ...blockNames('net3.layer.0', true),
  'bn1.weight',
  'bn1.bias',
  'bn1.running_mean',
  'bn1.running_var',
  'fc.weight',
  'fc.bias',
];

describe('names', () => {
  it('join those of the properties, and positions in a Sequential', () => {
    const pair = new Pair();
    expect([...pair.modules()].map(([name]) => name)).toEqual(['', 'first', 'stages', 'stages.0', 'stages.1']);
    expect([...pair.parameters()].map(([name]) => name)).toEqual([
      'first.weight',
      'first.bias',
      'stages.0.weight',
      'stages.1.weight',
      'stages.1.bias',
    ]);
    expect([...pair.statistics()].map(([name]) => name)).toEqual(['stages.1.running_mean', 'stages.1.running_var']);
    pair.dispose();
  });

  it('number the modules of an array, and find parameters that a module itself holds', () => {
    class Mixed extends Module {
      readonly hidden = [new Linear(context(), 4, 4, { bias: false }), new Linear(context(), 4, 3, { bias: false })];
      readonly shift = new Parameter(Tensor.zeros(device, [3]));
      readonly sizes = [4, 3];
      override forward(x: Tensor): Tensor {
        return addBias(
          this.hidden.reduce((value, layer) => layer.forward(value), x),
          this.shift,
        );
      }
    }
    const mixed = new Mixed();
    expect([...mixed.parameters()].map(([name]) => name)).toEqual(['shift', 'hidden.0.weight', 'hidden.1.weight']);
    mixed.dispose();
    expect(mixed.shift.isDisposed).toBe(true);
  });

  it('are listed once where two properties hold one module', () => {
    class Tied extends Module {
      readonly first = new Linear(context(), 4, 4);
      readonly second = this.first;
      override forward(x: Tensor): Tensor {
        return this.second.forward(this.first.forward(x));
      }
    }
    const tied = new Tied();
    expect([...tied.parameters()].map(([name]) => name)).toEqual(['first.weight', 'first.bias']);
    tied.dispose();
  });

  it("are the original program's for wrn-10-1", () => {
    const shape = { channels: 3, height: 32, width: 32, classes: 10, convBias: true };
    const model = createModel('wrn-10-1', context(), shape);
    const names = [...model.parameters(), ...model.statistics()].map(([name]) => name);
    expect(names.sort()).toEqual([...WRN_10_1].sort());
    model.dispose();
  });
});

describe('Sequential', () => {
  it('passes each result on, and the mode to every part', () => {
    const seen: string[] = [];
    class Spy extends Module {
      constructor(readonly label: string) {
        super();
      }
      override forward(x: Tensor, { training }: Mode): Tensor {
        seen.push(`${this.label} [${x.shape}] ${training}`);
        return x.view([...x.shape, 1]);
      }
    }
    const y = scope(() => new Sequential([new Spy('a'), new Spy('b')]).forward(Tensor.zeros(device, [2]), mode(true)));
    expect(seen).toEqual(['a [2] true', 'b [2,1] true']);
    expect(y.shape).toEqual([2, 1, 1]);
    y.dispose();
  });
});

describe('Linear and Conv2d', () => {
  it('add their bias', async () => {
    const linear = new Linear(context(), 3, 2);
    linear.weight.parameter.write([1, 2, 3, 4, 5, 6]);
    linear.bias!.write([10, 20]);
    const y = scope(() => linear.forward(Tensor.from(device, [1, 0, 0, 1, 1, 1], [3, 2])));
    expect([...(await y.read())]).toEqual([1 + 3 + 10, 2 + 3 + 10, 4 + 6 + 20, 5 + 6 + 20]);
    const conv = new Conv2d(context(), 1, 2, 1);
    conv.weight.parameter.write([2, 3]);
    conv.bias!.write([10, 20]);
    const z = scope(() => conv.forward(Tensor.from(device, [1, 2], [1, 1, 2, 1])));
    expect([...(await z.read())]).toEqual([12, 14, 23, 26]);
    for (const part of [y, z, linear, conv]) part.dispose();
  });

  it('take statistics along where a BatchNorm is to follow, in training', () => {
    const x = Tensor.from(device, normalValues(8, 1), [1, 1, 2, 4]);
    const statisticsOf = (conv: Conv2d, training: boolean) =>
      scope(() => takeStatistics(conv.forward(x, { training, random: x })) !== undefined);
    const [feeding, other] = [true, false].map((feedsBatchNorm) => new Conv2d(context(), 1, 2, 1, { feedsBatchNorm }));
    expect([true, false].map((training) => statisticsOf(feeding, training))).toEqual([true, false]);
    expect(statisticsOf(other, true)).toBe(false);
    for (const part of [x, feeding, other]) part.dispose();
  });

  it('start within the bounds of their fan-in', async () => {
    const conv = new Conv2d(context(), 4, 50, 3);
    for (const parameter of [conv.weight.parameter, conv.bias!]) {
      const values = (await parameter.read()) as Float32Array;
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeLessThanOrEqual(1 / 6);
      expect(largest).toBeGreaterThan(0.9 / 6);
    }
    conv.dispose();
  });
});

describe('BatchNorm', () => {
  it('normalises by the batch in training and moves the running statistics; by those in evaluation', async () => {
    const layer = new BatchNorm(context(), 2);
    const x = Float32Array.of(1, 2, 3, 6, -4, 0, 0, 4);
    const forward = async (training: boolean) => {
      const y = scope(() => noGrad(() => layer.forward(Tensor.from(device, x, [2, 4]), mode(training))));
      const values = (await y.read()) as Float32Array;
      y.dispose();
      return values;
    };
    const moments = [
      { mean: 3, variance: 3.5 },
      { mean: 0, variance: 8 },
    ];
    expectClose(await forward(false), x, 1e-5, 'before training');
    const trained = moments.flatMap(({ mean, variance }, c) =>
      [...x.subarray(4 * c, 4 * c + 4)].map((value) => (value - mean) / Math.sqrt(variance + 1e-5)),
    );
    expectClose(await forward(true), trained, 1e-5, 'training');
    // PyTorch: momentum 0.1, the running variance unbiased.
    const running = moments.map(({ mean, variance }) => ({
      mean: 0.1 * mean,
      variance: 0.9 + (0.1 * variance * 4) / 3,
    }));
    expectClose(
      await layer.running_mean.tensor.read(),
      running.map(({ mean }) => mean),
      1e-6,
      'mean',
    );
    expectClose(
      await layer.running_var.tensor.read(),
      running.map(({ variance }) => variance),
      1e-6,
      'variance',
    );
    const evaluated = running.flatMap(({ mean, variance }, c) =>
      [...x.subarray(4 * c, 4 * c + 4)].map((value) => (value - mean) / Math.sqrt(variance + 1e-5)),
    );
    expectClose(await forward(false), evaluated, 1e-5, 'evaluation');
    layer.dispose();
  });
});

describe('Dropout', () => {
  it('drops in training only, other elements at every step and in every stream', async () => {
    const ones = Tensor.from(device, new Float32Array(4000).fill(1), [4000]);
    const forward = async (stream: number, passed: Mode) => {
      const y = scope(() => new Dropout(0.25, stream).forward(ones, passed).view([4000]));
      const values = [...(await y.read())];
      y.dispose();
      return values;
    };
    expect(await forward(0, mode(false))).toEqual(new Array(4000).fill(1));
    const dropped = await forward(0, mode(true));
    expect(new Set(dropped)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    const share = dropped.filter((value) => value === 0).length / 4000;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
    expect(await forward(0, mode(true))).toEqual(dropped);
    expect(await forward(1, mode(true))).not.toEqual(dropped);
    expect(await forward(0, mode(true, 1))).not.toEqual(dropped);
    ones.dispose();
  });
});

describe('dispose', () => {
  it('frees everything that a module and its training step made', async () => {
    const { usedBytes } = device.memory();
    const pair = new Pair();
    const passed = mode(true);
    scope(() => {
      const x = new Parameter(Tensor.from(device, normalValues(48, 1), [6, 8]));
      backward(pair.forward(x, passed), Tensor.from(device, normalValues(32, 2), [4, 8]));
      x.dispose();
    });
    expect([...pair.parameters()].every(([, parameter]) => parameter.grad)).toBe(true);
    expect(device.memory().usedBytes).toBeGreaterThan(usedBytes);
    pair.dispose();
    passed.random.dispose();
    await device.finish();
    expect(device.memory().usedBytes).toBe(usedBytes);
  });
});

it('modules without parameters do as their operations', async () => {
  const values = normalValues(2 * 4 * 4 * 3, 1);
  const x = Tensor.from(device, values, [2, 4, 4, 3]);
  const of = async (module: Module) => {
    const y = scope(() => module.forward(x, mode(false)));
    return [y.shape, await y.read()] as const;
  };
  expect(await of(new Flatten())).toEqual([[32, 3], values]);
  const [shape, means] = await of(new GlobalAvgPool2d());
  expect(shape).toEqual([2, 3]);
  const mean = (c: number, n: number) =>
    values.subarray(c * 48, (c + 1) * 48).reduce((sum, value, i) => sum + (i % 3 === n ? value / 16 : 0), 0);
  expectClose(
    means as Float32Array,
    [0, 1].flatMap((c) => [0, 1, 2].map((n) => mean(c, n))),
    1e-6,
    'means',
  );
  expectClose((await of(new AvgPool2d({ kernel: 4 })))[1] as Float32Array, means as Float32Array, 1e-6, 'one window');
});
