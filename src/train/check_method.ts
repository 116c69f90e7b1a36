// Checks of what determines a run's topologies, some of which would leave them as they are unnoticed.

import { InputError } from '../device/index.js';
import { fail, positive } from './config_checks.js';
import { GROWTH_NAMES, methodNamed } from './method.js';
import type { RunConfig } from './run_config.js';

/** Gradients of the last ten steps make up 65% of a running average with momentum 0.9. */
const MOMENTUM_STEPS = 10;

/** @throws InputError on the first value out of its range. */
export function checkMethod(config: RunConfig): void {
  const { updateBegin, updateEnd } = config;
  const isDynamic = methodNamed(config.method).growth !== undefined;
  positive('updateInterval', config.updateInterval);
  if (!(updateEnd === undefined || updateEnd >= 0)) fail('update end', 'a number of at least 0', updateEnd);
  if (!(updateBegin >= 0)) fail('update begin', 'a number of at least 0', updateBegin);
  if (isDynamic && updateEnd !== undefined) checkUpdates(config, updateEnd);
  checkGrowth(config);
}

/** Steps before an update that count for growth: one, and ten (or all between two updates) for a running average. */
export function growthStepsOf({ growth, growthSteps, updateInterval }: RunConfig): number {
  return growthSteps ?? (growth === 'momentum' ? Math.min(MOMENTUM_STEPS, updateInterval) : 1);
}

/** Checked as soon as T_end is known: when it is given, or else when the length of the run is. */
export function checkUpdates({ updateBegin, updateInterval }: RunConfig, updateEnd: number): void {
  const first = (Math.floor(updateBegin / updateInterval) + 1) * updateInterval - 1;
  if (updateEnd > first) return;
  throw new InputError(
    `T_end: expected more than ${first}, the step of the first topology update (T ${updateInterval}, T_begin ${updateBegin}), ` +
      `got ${updateEnd}: nothing would ever change`,
  );
}

function checkGrowth(config: RunConfig): void {
  const { growth, updateInterval } = config;
  if (growth !== undefined && !GROWTH_NAMES.includes(growth)) fail('growth', GROWTH_NAMES.join(' | '), `'${growth}'`);
  const steps = growthStepsOf(config);
  positive('growthSteps', steps);
  if (steps > updateInterval) fail('growth steps', `at most the ${updateInterval} between two updates`, steps);
  if (growth === 'momentum' && steps === 1) fail('growth steps', 'at least 2 for growth by momentum', steps);
}
