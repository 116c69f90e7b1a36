// A module: a part of a network with parameters, running statistics and parts of its own. Names are PyTorch's: those of the
// properties that hold the parts, joined by dots, so that state dicts load both ways.

import type { Parameter } from '../autograd/index.js';
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

export abstract class Module {
  /** @param more what few modules take besides x, for example a residual connection. */
  abstract forward(x: Tensor, mode: Mode, ...more: readonly Tensor[]): Tensor;

  /** Parts by name, in the order in which the constructor made them. */
  children(): [string, Module][] {
    return Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /** Parameters of this module itself, by name. */
  ownParameters(): [string, Parameter][] {
    return [];
  }

  /** Running statistics of this module itself, by name. */
  ownStatistics(): [string, Statistic][] {
    return Object.entries(this).filter((entry): entry is [string, Statistic] => entry[1] instanceof Statistic);
  }

  /** This module and all its parts, by full name, outermost first; '' is the module itself. */
  *modules(prefix = ''): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of this.children()) yield* child.modules(joined(prefix, name));
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
