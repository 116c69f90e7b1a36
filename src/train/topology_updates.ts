// Topology updates in training: when the schedule says so, the dense gradients of a step are kept, and after the optimizer's
// step every sparse layer is updated from them.

import { InputError } from '../device/index.js';
import { BlockWeight, MaskedWeight, type Module, type SparseWeight, sparsifiableLayers } from '../nn/index.js';
import type { UpdateSchedule } from '../sparse/index.js';
import { keep, Random, type Tensor } from '../tensor/index.js';
import type { WeightState } from './optimizer.js';
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

/** Tells these random numbers apart from the others that are drawn from a run's seed. */
const TOPOLOGY_STREAM = 0x7090;

export class TopologyUpdates {
  private readonly gradients = new Map<SparseWeight, Tensor>();

  constructor(
    private readonly model: Module,
    private readonly state: WeightState,
    private readonly schedule: UpdateSchedule,
    private readonly update: WeightUpdate,
    private readonly seed: number,
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
    for (const [position, [layer, weight]] of this.layers().entries()) {
      weight.onDenseGradient = undefined;
      const gradient = this.gradients.get(weight);
      if (!gradient) throw new Error(`topology update: no dense gradient of ${layer}; call collect() before the step`);
      const start = performance.now();
      const slots = this.state.slots(`${layer}.weight`);
      const random = this.randomOf(step, position);
      const counts = await this.update({ weight, slots, gradient, dropFraction, random }).catch((error) => {
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

  private randomOf(step: number, position: number): Random {
    const ofStep = new Random(new Random(this.seed ^ TOPOLOGY_STREAM).uint32() + step);
    return new Random(ofStep.uint32() + position);
  }

  private layers(): [string, SparseWeight][] {
    return sparsifiableLayers(this.model).flatMap(([name, { weight }]) =>
      weight instanceof BlockWeight || weight instanceof MaskedWeight ? [[name, weight] as [string, SparseWeight]] : [],
    );
  }
}
