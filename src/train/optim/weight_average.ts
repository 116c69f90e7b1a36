// Exponential moving average of a model's parameters and running statistics, for evaluation (as timm's ModelEma). Only trained values
// have one: a block weight's is as small as its blocks, and follows its topology.

import type { Module } from '../../nn/index.js';
import { movingAverage } from '../../shaders/index.js';
import { keep, scope, Tensor } from '../../tensor/index.js';
import type { WeightState } from './optimizer.js';

interface Average {
  readonly name: string;
  /** A parameter or a running statistic of the model. */
  readonly value: Tensor;
  readonly average: Tensor;
}

export class WeightAverage implements WeightState {
  private readonly averages: readonly Average[];

  /**
   * Starts from what the model holds now.
   * @param decay in [0, 1): share of the average that a step leaves.
   */
  constructor(
    model: Module,
    private readonly decay: number,
  ) {
    const values: [string, Tensor][] = [
      ...model.parameters(),
      ...[...model.statistics()].map(([name, { tensor }]): [string, Tensor] => [name, tensor]),
    ];
    this.averages = values.map(([name, value]) => ({ name, value, average: copyOf(value) }));
  }

  /** After the optimizer's step. @param guard see `guardLoss`: nothing changes once it has tripped. */
  step(guard: Tensor): void {
    for (const { value, average } of this.averages) movingAverage(average, value, this.decay, guard);
  }

  /** Runs `body` with the averages in the place of the model's values, which are back afterwards, bit for bit. */
  async using<T>(body: () => Promise<T>): Promise<T> {
    this.swap();
    try {
      return await body();
    } finally {
      this.swap();
    }
  }

  slots(name: string): readonly Tensor[] {
    const entry = this.averages.find((candidate) => candidate.name === name);
    if (!entry) throw new Error(`WeightAverage: expected the name of a parameter, got ${name}`);
    return [entry.average];
  }

  /** By name in checkpoints: `ema.fc1.weight`. */
  state(): [string, Tensor][] {
    return this.averages.map(({ name, average }) => [`ema.${name}`, average]);
  }

  dispose(): void {
    for (const { average } of this.averages) average.dispose();
  }

  private swap(): void {
    for (const { value, average } of this.averages) {
      scope(() => {
        const aside = copyInto(Tensor.empty(value.device, value.shape), value);
        copyInto(value, average);
        copyInto(average, aside);
      });
    }
  }
}

function copyOf(source: Tensor): Tensor {
  return keep(copyInto(Tensor.empty(source.device, source.shape), source));
}

function copyInto(target: Tensor, source: Tensor): Tensor {
  source.device.copy(source.buffer, target.buffer, source.paddedBytes);
  return target;
}
