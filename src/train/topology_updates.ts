// Topology updates in training: when the schedule says so, the dense gradients of a step are kept, and after the optimizer's
// step every sparse layer is updated from them.

import { InputError } from '../device/index.js';
import { BlockWeight, MaskedWeight, type Module, type SparseWeight, sparsifiableLayers } from '../nn/index.js';
import type { UpdateSchedule } from '../sparse/index.js';
import { keep, type Tensor } from '../tensor/index.js';
import type { Sgd } from './sgd.js';
import type { UpdateCounts, WeightUpdate } from './weight_updates.js';

/** A line of metrics.jsonl. */
export interface TopologyEvent extends UpdateCounts {
  readonly type: 'topology';
  readonly step: number;
  readonly layer: string;
  /** Active weights after the update. */
  readonly nnz: number;
  /** Of this layer's update, reading and writing included. */
  readonly ms: number;
}

export class TopologyUpdates {
  private readonly gradients = new Map<SparseWeight, Tensor>();

  constructor(
    private readonly model: Module,
    private readonly optimizer: Sgd,
    private readonly schedule: UpdateSchedule,
    private readonly update: WeightUpdate,
  ) {}

  isDue(step: number): boolean {
    return this.schedule.isUpdateStep(step);
  }

  /** Before the forward pass of a step that is due: its backward pass then keeps the dense gradients. */
  collect(): void {
    for (const [, weight] of this.layers()) {
      weight.onDenseGradient = (gradient) => {
        this.gradients.get(weight)?.dispose();
        this.gradients.set(weight, keep(gradient.view(weight.shape)));
      };
    }
  }

  /** After the optimizer's step. */
  async apply(step: number): Promise<TopologyEvent[]> {
    const dropFraction = this.schedule.dropFraction(step);
    const events: TopologyEvent[] = [];
    for (const [layer, weight] of this.layers()) {
      weight.onDenseGradient = undefined;
      const gradient = this.gradients.get(weight);
      if (!gradient) throw new Error(`topology update: no dense gradient of ${layer}; call collect() before the step`);
      const start = performance.now();
      const velocity = this.optimizer.velocity(`${layer}.weight`);
      const counts = await this.update({ weight, velocity, gradient, dropFraction }).catch((error) => {
        throw error instanceof InputError ? new InputError(`step ${step}, ${layer}: ${error.message}`) : error;
      });
      gradient.dispose();
      this.gradients.delete(weight);
      events.push({ type: 'topology', step, layer, ...counts, nnz: weight.numActive, ms: performance.now() - start });
    }
    return events;
  }

  /** Frees the gradients of a step whose update was not made. */
  dispose(): void {
    for (const gradient of this.gradients.values()) gradient.dispose();
    this.gradients.clear();
  }

  private layers(): [string, SparseWeight][] {
    return sparsifiableLayers(this.model).flatMap(([name, { weight }]) =>
      weight instanceof BlockWeight || weight instanceof MaskedWeight ? [[name, weight] as [string, SparseWeight]] : [],
    );
  }
}
