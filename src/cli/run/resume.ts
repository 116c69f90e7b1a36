// train --resume: the settings of a run that goes on, from its folder and the flags beside it.

import { resolve } from 'node:path';
import { InputError } from '../../device/index.js';
import { type Checkpoint, configDifferences, methodNamed, type RunConfig } from '../../train/index.js';
import { configOf } from '../train/train_config.js';
import type { TrainFlags } from '../train/train_options.js';
import type { RunSettings } from './run_folder.js';

/**
 * The stored settings; of the flags, `--data-dir` and `--broken-images` may differ, and `--max-steps` and `--epochs` where nothing that was computed so far would
 * have come out otherwise.
 * @throws InputError listing every other difference.
 */
export function resumedSettings(path: string, stored: RunSettings, flags: TrainFlags): RunSettings {
  for (const name of ['out', 'init'] as const) {
    if (flags[name] !== undefined)
      throw new InputError(`--resume ${path}: expected no --${name} beside it, got ${flags[name]}`);
  }
  const config = configOf(flags, stored.config);
  const differences = configDifferences(stored.config, config, ['the run has', 'the command line says']).filter(
    ({ name }) => !extendable(stored.config).has(name),
  );
  if (differences.length > 0) {
    const list = differences.map(({ name, message }) => message + (HINTS[name] ?? '')).join('; ');
    throw new InputError(`--resume ${path}: expected the configuration of the run, got another: ${list}`);
  }
  const files = flags.dataDir === undefined ? stored.files : { ...stored.files, dataDir: resolve(flags.dataDir) };
  return { config, files };
}

/** @throws InputError if the checkpoint was made under other settings than config.json holds; its length may have been changed since. */
export function checkSameRun(config: RunConfig, checkpoint: Checkpoint, where: string): void {
  const differences = configDifferences(checkpoint.config, config, ['the checkpoint has', 'config.json says']).filter(
    ({ name }) => !extendable(config).has(name),
  );
  if (differences.length > 0) {
    const list = differences.map(({ message }) => message).join('; ');
    throw new InputError(`${where}: expected a checkpoint of this run, got one of another: ${list}`);
  }
}

const HINTS: Partial<Record<keyof RunConfig, string>> = {
  epochs: ' (a run can be made longer if its --milestones and --T-end were given)',
  maxSteps: ' (a run can be made longer if its --T-end was given)',
};

/** The end of topology updates and the learning rates follow from a run's length, unless they were given. */
function extendable(config: RunConfig): ReadonlySet<keyof RunConfig> {
  const names = new Set<keyof RunConfig>(['brokenImages']);
  const methods = [config.method, ...config.layers.flatMap(({ method }) => method ?? [])];
  if (config.updateEnd === undefined && methods.some((method) => methodNamed(method).growth)) return names;
  names.add('maxSteps');
  const { lrSchedule, milestones } = config;
  if (lrSchedule === 'constant' || (lrSchedule === 'multistep' && milestones !== undefined)) names.add('epochs');
  return names;
}
