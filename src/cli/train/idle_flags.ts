// Flags that a run has no use for: most likely it is not the run that was meant.

import { methodNamed, type RunConfig } from '../../train/index.js';
import type { TrainFlags } from './train_options.js';

type FlagNames = readonly (keyof TrainFlags)[];

const PRUNING: FlagNames = ['sparsity', 'distribution', 'erkPowerScale', 'denseLayers'];
const UPDATES: FlagNames = ['T', 'TBegin', 'TEnd', 'alpha', 'updateSchedule', 'growth', 'growthSteps'];
const SGD: FlagNames = ['momentum', 'nesterov'];
const ADAMW: FlagNames = ['betas', 'epsilon'];
const MULTISTEP: FlagNames = ['milestones', 'gamma'];

/** A line for each flag that was given and changes nothing. */
export function idleFlags(flags: TrainFlags, config: RunConfig): string[] {
  const { method, optimizer, lrSchedule, epochs, milestones = [] } = config;
  // Rules for single layers may bring in other methods, which use what the run's own does not.
  const methods = [method, ...config.layers.flatMap((rule) => rule.method ?? [])];
  const isPruned = methods.some((name) => name !== 'dense');
  const isDynamic = methods.some((name) => methodNamed(name).growth !== undefined);
  // A block size of 0 stands for single weights.
  const hasBlocks = flags.blockSize === 0 || methods.some((name) => name === 'dsb' || name === 'ssb');
  const lines: string[] = [];
  const tell = (names: FlagNames, isUsed: boolean, by: string) => {
    const given = isUsed ? [] : names.filter((name) => flags[name] !== undefined);
    lines.push(...given.map((name) => `--${dashed(name)}: ${by} has no use for it`));
  };
  tell(PRUNING, isPruned, 'method dense');
  tell(['blockSize'], hasBlocks, `method ${method}`);
  tell(UPDATES, isDynamic, `method ${method}`);
  tell(['dropRule'], methods.includes('dsb'), `method ${method}`);
  tell(SGD, optimizer === 'sgd' || config.growth === 'momentum', `optimizer ${optimizer}`);
  tell(ADAMW, optimizer === 'adamw', `optimizer ${optimizer}`);
  tell(MULTISTEP, lrSchedule === 'multistep', `the ${lrSchedule} schedule`);
  const late = lrSchedule === 'multistep' ? milestones.filter((epoch) => epoch >= epochs) : [];
  if (flags.milestones && late.length > 0)
    lines.push(`--milestones: ${late.join(' and ')} come after the last of ${epochs} epochs`);
  return lines;
}

/** As it stands on the command line: `blockSize` is `block-size`, `TEnd` is `T-end`. */
function dashed(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
