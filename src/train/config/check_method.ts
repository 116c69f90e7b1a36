// Checks of what determines a run's topologies, some of which would leave them as they are unnoticed.

import { InputError } from '../../device/index.js';
import { SMALLEST_BLOCK_SIZE } from '../../sparse/index.js';
import { fail, positive } from './config_checks.js';
import type { LayerRule } from './layer_plan.js';
import { GROWTH_NAMES, type MethodName, methodNamed } from './method.js';
import { lastUpdates } from './original.js';
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
  if (!Number.isFinite(config.erkPowerScale)) fail('ERK power scale', 'a finite number', config.erkPowerScale);
  for (const rule of config.layers) checkRule(rule, config.method);
  const { compat } = config;
  if (compat !== undefined && compat !== 'original') fail('compat', 'original', `'${compat}'`);
}

function checkRule({ pattern, density, blockSize, method }: LayerRule, runMethod: MethodName): void {
  const name = `layer '${pattern}'`;
  if (method !== undefined) methodNamed(method);
  if (density !== undefined && !(density > 0 && density <= 1)) fail(name, 'a density in (0, 1]', density);
  if (
    blockSize !== undefined &&
    blockSize !== 0 &&
    !(Number.isInteger(blockSize) && blockSize >= SMALLEST_BLOCK_SIZE)
  ) {
    fail(name, `a block size of 0 or a whole number of at least ${SMALLEST_BLOCK_SIZE}`, blockSize);
  }
  const blockMethods = ['dsb', 'ssb'];
  if (blockSize && !blockMethods.includes(method ?? runMethod)) {
    fail(
      name,
      `a block size only with method ${blockMethods.join(' or ')}`,
      `${blockSize} with ${method ?? runMethod}`,
    );
  }
  if (method === 'dense' && density !== undefined && density < 1) fail(name, 'density 1 with method dense', density);
  if (runMethod === 'dense' && method !== 'dense') {
    fail(
      name,
      "method dense, as in all the run; for a run with some sparse layers, make others dense by '*:method=dense'",
      method ?? 'none',
    );
  }
}

/** Steps before an update that count for growth: one, and ten (or all between two updates) for a running average. */
export function growthStepsOf({ growth, growthSteps, updateInterval }: RunConfig): number {
  return growthSteps ?? (growth === 'momentum' ? Math.min(MOMENTUM_STEPS, updateInterval) : 1);
}

/** Checked as soon as T_end is known: when it is given, or else when the length of the run is. */
export function checkUpdates(config: RunConfig, updateEnd: number): void {
  const { updateBegin, updateInterval } = config;
  const first = (Math.floor(updateBegin / updateInterval) + 1) * updateInterval - 1;
  const last = lastUpdates(config, updateEnd);
  if (last > first) return;
  const halved = last < updateEnd ? `${updateEnd}, of which --compat original takes half` : updateEnd;
  const values = `T ${updateInterval}, T_begin ${updateBegin}`;
  const expected = `more than ${first}, the step of the first topology update (${values})`;
  throw new InputError(`T_end: expected ${expected}, got ${halved}: nothing would ever change`);
}

function checkGrowth(config: RunConfig): void {
  const { growth, updateInterval } = config;
  if (growth !== undefined && !GROWTH_NAMES.includes(growth)) fail('growth', GROWTH_NAMES.join(' | '), `'${growth}'`);
  const steps = growthStepsOf(config);
  positive('growthSteps', steps);
  if (steps > updateInterval) fail('growth steps', `at most the ${updateInterval} between two updates`, steps);
  if (growth === 'momentum' && config.momentum === 0) fail('growth momentum', 'a momentum above 0', 0);
  if (growth === 'momentum' && steps === 1) fail('growth steps', 'at least 2 for growth by momentum', steps);
}
