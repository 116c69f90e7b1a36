// State tensors beside the parameters of a model, one or more for each, of its shape: velocities, moments, averages.

import type { Parameter } from '../../autograd/index.js';
import type { Module } from '../../nn/index.js';
import { keep, Tensor } from '../../tensor/index.js';
import type { WeightState } from './optimizer.js';

export interface StateEntry {
  readonly name: string;
  readonly parameter: Parameter;
  /** Of the parameter's shape, in the order of the kinds. */
  readonly slots: readonly Tensor[];
}

export class ParameterState implements WeightState {
  readonly entries: readonly StateEntry[];

  /** Zeros. @param kinds what the tensors of a parameter are called: `['velocity']`. */
  constructor(
    model: Module,
    private readonly kinds: readonly string[],
  ) {
    this.entries = [...model.parameters()].map(([name, parameter]) => {
      return { name, parameter, slots: kinds.map(() => keep(Tensor.zeros(parameter.device, parameter.shape))) };
    });
  }

  slots(name: string): readonly Tensor[] {
    const entry = this.entries.find((candidate) => candidate.name === name);
    if (!entry) throw new Error(`ParameterState: expected the name of a parameter, got ${name}`);
    return entry.slots;
  }

  /** `PREFIXvelocity.fc1.weight` and the like. */
  named(prefix: string): [string, Tensor][] {
    return this.entries.flatMap(({ name, slots }) =>
      slots.map((slot, i): [string, Tensor] => [`${prefix}${this.kinds[i]}.${name}`, slot]),
    );
  }

  dispose(): void {
    for (const { slots } of this.entries) for (const slot of slots) slot.dispose();
  }
}
