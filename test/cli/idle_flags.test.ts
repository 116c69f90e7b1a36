// Flags without an effect are told of.

import { Command } from 'commander';
import { expect, it } from 'vitest';
import { kebabFlags } from '../../src/cli/options.js';
import { idleFlags } from '../../src/cli/train/idle_flags.js';
import { configOf } from '../../src/cli/train/train_config.js';
import { addTrainOptions, type TrainFlags } from '../../src/cli/train/train_options.js';

function told(line: string): string[] {
  const command = addTrainOptions(new Command('train').exitOverride());
  command.parse(kebabFlags(line.split(' ')), { from: 'user' });
  const flags = command.opts<TrainFlags>();
  return idleFlags(flags, configOf(flags));
}

it.each([
  ['--method dense --sparsity 0.5', '--sparsity: method dense has no use for it'],
  ['--method dense --block-size 8', '--block-size: method dense has no use for it'],
  ['--method ssb --growth random', '--growth: method ssb has no use for it'],
  ['--static-update y --T-end 10', '--T-end: method ssb has no use for it'],
  ['--method rigl --block-size 8', '--block-size: method rigl has no use for it'],
  ['--method rigl --drop-rule original', '--drop-rule: method rigl has no use for it'],
  ['--optimizer adamw --momentum 0.5', '--momentum: optimizer adamw has no use for it'],
  ['--betas 0.9,0.99', '--betas: optimizer sgd has no use for it'],
  ['--lr-schedule cosine --gamma 0.5', '--gamma: the cosine schedule has no use for it'],
  ['--milestones 1,50 --epochs 2', '--milestones: 50 come after the last of 2 epochs'],
])('%s', (line, expected) => {
  expect(told(line)).toEqual([expected]);
});

it.each([
  '--sparsity 0.5 --block-size 8 --T 10 --alpha 0.1 --drop-rule original --momentum 0.5 --milestones 1',
  '--block-size 0 --T 5',
  '--method rigl --layer fc1:method=dsb,block_size=8 --drop-rule original',
  '--optimizer adamw --growth momentum --momentum 0.8 --betas 0.9,0.99',
  '--method set --alpha 0.2',
])('says nothing of %s', (line) => {
  expect(told(line)).toEqual([]);
});
