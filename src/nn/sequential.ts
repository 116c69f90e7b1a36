// Modules one after the other, named by their position.

import type { Tensor } from '../tensor/index.js';
import { type Mode, Module } from './module.js';

export class Sequential extends Module {
  constructor(private readonly stages: readonly Module[]) {
    super();
  }

  override children(): [string, Module][] {
    return this.stages.map((stage, position) => [String(position), stage]);
  }

  override forward(x: Tensor, mode: Mode): Tensor {
    return this.stages.reduce((value, stage) => stage.forward(value, mode), x);
  }
}
