// A module: a part of a network with parameters, running statistics and parts of its own. Names are PyTorch's: those of the
// properties that hold the parts, joined by dots, so that state dicts load both ways.

import { Parameter } from '../autograd/index.js';
import type { Tensor } from '../tensor/index.js';

/** How a forward pass is meant: passed down, not stored, so that no module is left in the wrong one. */
export interface Mode {
  /** Batch statistics and dropout, instead of running statistics and none. */
  readonly training: boolean;
  /** u32 [2]: seed and step of dropout. */
  readonly random: Tensor;
}

/** A running statistic: saved and loaded with the parameters, not trained. */
export class Statistic {
  constructor(readonly tensor: Tensor) {}
}

/**
 * What a class says of itself by its properties: those that hold a `Module`, a `Parameter` or a `Statistic`, and arrays of modules, whose
 * parts are numbered (`hidden.0`). What a property cannot show (`#private` ones, maps) is not found.
 */
export abstract class Module {
  /**
   * Runs the module on a batch. Training notes its commands once for each size of batch and repeats them: numbers that change from step to step,
   * such as those of `Math.random()`, stay what they were the first time, and tensors of given values (`Tensor.from`) belong into the constructor.
   * @param x batch-last: images [C,H,W,N] or features [F,N].
   * @param more what few modules take besides x, for example a residual connection.
   */
  abstract forward(x: Tensor, mode: Mode, ...more: readonly Tensor[]): Tensor;

  /** Parts by name, in the order in which the constructor made them. */
  children(): [string, Module][] {
    return Object.entries(this).flatMap(([name, value]) => {
      if (value instanceof Module) return [[name, value] satisfies [string, Module]];
      if (!Array.isArray(value) || !value.every((part) => part instanceof Module)) return [];
      return value.map((part, position): [string, Module] => [`${name}.${position}`, part]);
    });
  }

  /** Parameters of this module itself, by name. */
  ownParameters(): [string, Parameter][] {
    return this.own(Parameter);
  }

  /** Running statistics of this module itself, by name. */
  ownStatistics(): [string, Statistic][] {
    return this.own(Statistic);
  }

  /** This module and all its parts, by full name, outermost first; '' is the module itself. A part that has two names is listed by the first. */
  *modules(prefix = '', seen = new Set<Module>()): Generator<[string, Module]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.children()) yield* child.modules(joined(prefix, name), seen);
  }

  /** Every parameter by full name. */
  *parameters(): Generator<[string, Parameter]> {
    for (const [prefix, module] of this.modules()) {
      for (const [name, parameter] of module.ownParameters()) yield [joined(prefix, name), parameter];
    }
  }

  /** Every running statistic by full name. */
  *statistics(): Generator<[string, Statistic]> {
    for (const [prefix, module] of this.modules()) {
      for (const [name, statistic] of module.ownStatistics()) yield [joined(prefix, name), statistic];
    }
  }

  private own<T>(kind: abstract new (...values: never[]) => T): [string, T][] {
    return Object.entries(this).filter((entry): entry is [string, T] => entry[1] instanceof kind);
  }

  /** Frees the GPU memory of this module and its parts. */
  dispose(): void {
    for (const [, child] of this.children()) child.dispose();
    for (const [, parameter] of this.ownParameters()) parameter.dispose();
    for (const [, statistic] of this.ownStatistics()) statistic.tensor.dispose();
  }
}

export function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
