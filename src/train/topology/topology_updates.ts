// Topology updates in training: over the steps before an update the dense gradients are summed, and after the optimizer's step
// every layer that is dynamic is updated from them.

import { InputError } from '../../device/index.js';
import { BlockWeight, MaskedWeight, type Module, type SparseWeight, sparsifiableLayers } from '../../nn/index.js';
import type { DropRuleName, UpdateSchedule } from '../../sparse/index.js';
import { Random, sameShape, sizeOf, Tensor } from '../../tensor/index.js';
import type { GrowthName } from '../config/method.js';
import { asBytes, asFloat32, type SafetensorsTensor, safetensor } from '../files/safetensors.js';
import type { LossScale } from '../loss_scale.js';
import type { WeightState } from '../optim/optimizer.js';
import { Exploration } from './exploration.js';
import { GrowthScores } from './growth_scores.js';
import { type UpdateCounts, updateWeight } from './weight_updates.js';

/** A line of metrics.jsonl. */
export interface TopologyEvent extends UpdateCounts {
  readonly type: 'topology';
  readonly step: number;
  readonly layer: string;
  /** Active weights after the update. */
  readonly nnz: number;
  /** All weights of the layer. */
  readonly size: number;
  /** Share of the layer's weights that have been active at any time so far. */
  readonly explored: number;
  /** Since the layer that was done before it: layers are updated together, and these add up to what all of them took. */
  readonly ms: number;
}

export interface TopologyOptions {
  readonly schedule: UpdateSchedule;
  /** Where each layer grows; one that is not named stays as it is. */
  readonly growth: ReadonlyMap<string, GrowthName>;
  /** Steps before an update whose dense gradients are summed, at most the schedule's interval. */
  readonly growthSteps: number;
  /** Factor of a gradient for each step of its age, in layers that grow by momentum. */
  readonly momentum: number;
  readonly dropRule: DropRuleName;
  readonly seed: number;
  /** That dense gradients have, if there is one. */
  readonly lossScale?: Pick<LossScale, 'unscaled'>;
}

/** State by name, `gradient.LAYER` and `explored.LAYER`. */
export type TopologyState = ReadonlyMap<string, SafetensorsTensor>;

/** Tells these random numbers apart from the others that are drawn from a run's seed. */
const TOPOLOGY_STREAM = 0x7090;

export class TopologyUpdates {
  private readonly scores = new GrowthScores();
  private readonly explored: ReadonlyMap<string, Exploration>;

  constructor(
    private readonly model: Module,
    private readonly weightState: WeightState,
    private readonly options: TopologyOptions,
  ) {
    this.explored = new Map(this.layers().map(([layer, weight]) => [layer, new Exploration(weight)]));
  }

  /** Layers that every update tells of. */
  get layerCount(): number {
    return this.explored.size;
  }

  /** Of the first update; none if there is to be none. */
  get firstStep(): number | undefined {
    return this.options.schedule.nextUpdate(0);
  }

  /** Whether an update follows this step. */
  isDue(step: number): boolean {
    return this.options.schedule.isUpdateStep(step);
  }

  /** Before the forward pass of each step: where it counts for growth, its backward pass then adds its dense gradients. */
  collect(step: number): void {
    if (!this.isCollected(step)) return;
    for (const [layer, weight] of this.scoredLayers()) {
      this.scores.decay(layer, this.options.growth.get(layer) === 'momentum' ? this.options.momentum : 1);
      weight.onDenseGradient = (scaled) => {
        const gradient = this.options.lossScale?.unscaled(`${layer}.weight`, scaled) ?? scaled;
        this.scores.add(layer, gradient.view(weight.shape));
      };
    }
  }

  /**
   * After the optimizer's step of a step that is due. All layers at once, so that the GPU and the host need not wait for each other
   * at every layer; the events are in the order of the layers.
   */
  async apply(step: number): Promise<TopologyEvent[]> {
    let last = performance.now();
    const updates = this.layers().map(async ([layer, weight], position): Promise<TopologyEvent> => {
      const counts = await this.update(step, layer, weight, position);
      const exploration = this.explored.get(layer)!;
      if (counts.grown > 0) exploration.add(weight);
      const now = performance.now();
      const ms = now - last;
      last = now;
      return {
        type: 'topology',
        step,
        layer,
        ...counts,
        nnz: weight.numActive,
        size: sizeOf(weight.shape),
        explored: exploration.share,
        ms,
      };
    });
    // No update may still run when the error of another is seen.
    await Promise.allSettled(updates);
    const events = await Promise.all(updates);
    this.scores.clear();
    return events;
  }

  private async update(step: number, layer: string, weight: SparseWeight, position: number): Promise<UpdateCounts> {
    const { schedule, dropRule, growth } = this.options;
    weight.onDenseGradient = undefined;
    const scores = this.scores.get(layer);
    if (!scores && growth.get(layer) !== 'random') {
      throw new Error(`topology update: no dense gradient of ${layer}; call collect() before the step`);
    }
    const slots = this.weightState.slots(`${layer}.weight`);
    const dropFraction = schedule.dropFraction(step);
    const input = { weight, slots, scores, dropFraction, random: this.randomOf(step, position) };
    return updateWeight(input, { dropRule }).catch((error) => {
      throw error instanceof InputError ? new InputError(`step ${step}, ${layer}: ${error.message}`) : error;
    });
  }

  /** What a later run needs to go on: the gradients summed so far, and what has been explored. */
  async state(): Promise<[string, SafetensorsTensor][]> {
    const gradients = this.scores.entries().map(async ([layer, sum]): Promise<[string, SafetensorsTensor]> => {
      return [`gradient.${layer}`, safetensor(await sum.read(), sum.shape)];
    });
    const explored = [...this.explored].map(([layer, { bits }]): [string, SafetensorsTensor] => {
      return [`explored.${layer}`, safetensor(bits.slice(), [bits.length])];
    });
    return [...(await Promise.all(gradients)), ...explored];
  }

  /**
   * Goes on before step number `step` from what `state` gave.
   *
   * @param where the file's name, for messages.
   * @throws InputError on what is missing or too much, or of another shape; nothing is changed then.
   */
  restore(state: TopologyState, step: number, where: string): void {
    const isHalfCollected = step > 0 && this.isCollected(step - 1) && !this.isDue(step - 1);
    const gradients = (isHalfCollected ? this.scoredLayers() : []).map(([layer, weight]) => {
      return { layer, name: `gradient.${layer}`, shape: weight.shape };
    });
    const explored = [...this.explored].map(([layer, { bits }]) => {
      return { layer, name: `explored.${layer}`, shape: [bits.length] };
    });
    const expected = [...gradients, ...explored];
    const fits = expected.every(({ name, shape }) => sameShape(state.get(name)?.shape ?? [], shape));
    if (!fits || state.size !== expected.length) {
      const list = (names: Iterable<string>) => [...names].join(', ') || 'nothing';
      const wanted = list(expected.map(({ name, shape }) => `${name} [${shape}]`));
      const got = list([...state].map(([name, { shape }]) => `${name} [${shape}]`));
      throw new InputError(`${where}: topology: expected ${wanted} at step ${step}, got ${got}`);
    }
    this.scores.clear();
    const [[, { device }]] = this.model.parameters();
    for (const { layer, name, shape } of gradients) {
      this.scores.put(layer, Tensor.from(device, asFloat32(state.get(name)!, `${where}: topology.${name}`), shape));
    }
    for (const { layer, name } of explored)
      this.explored.get(layer)!.restore(asBytes(state.get(name)!, `${where}: topology.${name}`));
  }

  /** Frees the gradients of a step whose update was not made. */
  dispose(): void {
    this.scores.clear();
  }

  /** Whether the dense gradients of this step count for the next update. */
  isCollected(step: number): boolean {
    const update = this.options.schedule.nextUpdate(step);
    return update !== undefined && update - step < this.options.growthSteps;
  }

  private randomOf(step: number, position: number): Random {
    const ofStep = new Random(new Random(this.options.seed ^ TOPOLOGY_STREAM).uint32() + step);
    return new Random(ofStep.uint32() + position);
  }

  /** Layers that change: those that are pruned, and not static. */
  private layers(): [string, SparseWeight][] {
    return sparsifiableLayers(this.model).flatMap(([name, { weight }]) =>
      this.options.growth.has(name) && (weight instanceof BlockWeight || weight instanceof MaskedWeight)
        ? [[name, weight] as [string, SparseWeight]]
        : [],
    );
  }

  /** Those of them whose growth asks for a dense gradient. */
  private scoredLayers(): [string, SparseWeight][] {
    return this.layers().filter(([name]) => this.options.growth.get(name) !== 'random');
  }
}
