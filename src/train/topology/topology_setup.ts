// When and where a run's topologies change, from its configuration.

import type { Module } from '../../nn/index.js';
import { UpdateSchedule } from '../../sparse/index.js';
import { checkUpdates, growthStepsOf } from '../config/check_method.js';
import type { LayerPlan } from '../config/layer_plan.js';
import { methodNamed } from '../config/method.js';
import { lastUpdates } from '../config/original.js';
import type { RunConfig } from '../config/run_config.js';
import type { LossScale } from '../loss_scale.js';
import type { WeightState } from '../optim/optimizer.js';
import { TopologyUpdates } from './topology_updates.js';

/** When topologies are updated in a run of so many steps. @throws InputError if they never would be, though asked to. */
export function updateSchedule(config: RunConfig, totalSteps: number): UpdateSchedule {
  const { updateBegin, updateEnd = Math.round((totalSteps * 3) / 4) } = config;
  // Without T_end, a run shorter than one interval just makes no update; a late beginning was asked for.
  if (updateBegin > 0 && methodNamed(config.method).growth) checkUpdates(config, updateEnd);
  return new UpdateSchedule({
    updateInterval: config.updateInterval,
    beginStep: updateBegin,
    endStep: lastUpdates(config, updateEnd),
    decayEndStep: updateEnd,
    initialFraction: config.alpha,
    shape: config.updateSchedule,
  });
}

/** @returns nothing if no layer changes. */
export function createTopologyUpdates(
  model: Module,
  optimizer: WeightState,
  plan: ReadonlyMap<string, LayerPlan>,
  schedule: UpdateSchedule,
  config: RunConfig,
  lossScale?: LossScale,
): TopologyUpdates | undefined {
  const growth = new Map([...plan].flatMap(([name, { growth }]) => (growth ? [[name, growth] as const] : [])));
  if (growth.size === 0) return undefined;
  const { dropRule, momentum, seed } = config;
  const growthSteps = growthStepsOf(config);
  return new TopologyUpdates(model, optimizer, {
    ...{ schedule, growth, growthSteps, dropRule, momentum, seed, lossScale },
  });
}
