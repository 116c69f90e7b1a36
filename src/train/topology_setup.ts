// When and where a run's topologies change, from its configuration.

import type { Module } from '../nn/index.js';
import { UpdateSchedule } from '../sparse/index.js';
import { checkUpdates, growthStepsOf } from './check_method.js';
import type { GrowthName } from './method.js';
import type { RunConfig } from './run_config.js';
import type { Sgd } from './sgd.js';
import { TopologyUpdates } from './topology_updates.js';

/** @param growth where each layer grows. @returns nothing if no layer changes. @throws InputError if no update would ever come. */
export function createTopologyUpdates(
  model: Module,
  optimizer: Sgd,
  growth: ReadonlyMap<string, GrowthName>,
  config: RunConfig,
  totalSteps: number,
): TopologyUpdates | undefined {
  if (growth.size === 0) return undefined;
  const { dropRule, momentum, seed } = config;
  const schedule = scheduleOf(config, totalSteps);
  return new TopologyUpdates(model, optimizer, {
    ...{ schedule, growth, dropRule, momentum, seed },
    growthSteps: growthStepsOf(config),
  });
}

function scheduleOf(config: RunConfig, totalSteps: number): UpdateSchedule {
  const { updateBegin, updateEnd = Math.round((totalSteps * 3) / 4) } = config;
  // Without T_end, a run shorter than one interval just makes no update; a late beginning was asked for.
  if (updateBegin > 0) checkUpdates(config, updateEnd);
  return new UpdateSchedule({
    updateInterval: config.updateInterval,
    beginStep: updateBegin,
    endStep: updateEnd,
    initialFraction: config.alpha,
    shape: config.updateSchedule,
  });
}
