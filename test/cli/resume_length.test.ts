// Which runs can be made longer when they are resumed: those whose learning rates so far do not follow from their length.

import { expect, it } from 'vitest';
import { resumedSettings } from '../../src/cli/run/resume.js';
import type { TrainFlags } from '../../src/cli/train/train_options.js';
import { defaultConfig, type RunConfig } from '../../src/train/index.js';

const FLAGS = { epochs: 20, shuffle: true, record: true, adapter: 'auto' } as unknown as TrainFlags;

function longer(change: Partial<RunConfig>): () => number {
  const config: RunConfig = { ...defaultConfig('mnist'), epochs: 10, updateEnd: 500, ...change };
  return () => resumedSettings('run', { config, files: {} }, FLAGS).config.epochs;
}

it.each<Partial<RunConfig>>([
  { milestones: [4] },
  { milestones: [] },
  { lrSchedule: 'constant' },
  { lrSchedule: 'constant', warmupEpochs: 2 },
])('allows %o', (change) => {
  expect(longer(change)()).toBe(20);
});

it.each<Partial<RunConfig>>([{}, { lrSchedule: 'cosine' }, { lrSchedule: 'cosine', milestones: [4] }])(
  'refuses %o',
  (change) => {
    expect(longer(change)).toThrow(
      /^--resume run: expected the configuration of the run, got another: epochs: the run has 10/,
    );
  },
);
