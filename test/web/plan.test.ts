// Which run is asked for, and what the form shows, while a visitor changes settings faster than runs can be made.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultConfig, type RunConfig } from '../../src/train/index.js';
import type { State } from '../../web/messages.js';
import { type Choice, Plan, type SettingsForm } from '../../web/page/plan.js';

const of = (model: string): RunConfig => ({ ...defaultConfig('mnist'), model });
const state = (phase: State['phase'], step = 0): State => ({ phase, step, totalSteps: 100 });

/** The form: what is in it. */
class Form implements SettingsForm {
  config = of('lenet5');
  isComplete = true;
  lock = '';

  read(): Choice {
    return { config: this.config, files: [] };
  }

  show(config: RunConfig): void {
    this.config = config;
  }
}

let form: Form;
let asked: string[];
let plan: Plan;

beforeEach(() => {
  vi.useFakeTimers();
  form = new Form();
  asked = [];
  plan = new Plan(form, ({ config }) => asked.push(config.model));
  plan.follow(state('empty'));
});

afterEach(() => {
  vi.useRealTimers();
});

function choose(model: string): void {
  form.config = of(model);
  plan.change();
}

it('asks for the run of the settings as soon as there is none', () => {
  expect(asked).toEqual(['lenet5']);
});

it('keeps a change that was made while the former run was being made', () => {
  choose('lenet300-100');
  plan.begin(of('lenet5'));
  plan.follow(state('paused'));
  vi.runAllTimers();
  expect(asked).toEqual(['lenet5', 'lenet300-100']);
  expect(form.config.model).toBe('lenet300-100');
});

it('asks once for several changes in a row', () => {
  plan.begin(of('lenet5'));
  for (const model of ['wrn-10-1', 'wrn-16-1', 'lenet300-100']) choose(model);
  vi.runAllTimers();
  expect(asked).toEqual(['lenet5', 'lenet300-100']);
});

it('shows the settings of a run that goes on, whatever was about to be asked for', () => {
  choose('wrn-10-1');
  plan.begin(of('lenet300-100'));
  plan.follow(state('paused', 7));
  vi.runAllTimers();
  expect(asked).toEqual(['lenet5']);
  expect(form.config.model).toBe('lenet300-100');
  expect(form.lock).toMatch(/Start over/);
});

it('asks once for what is chosen while the GPU is being opened', () => {
  plan = new Plan(form, ({ config }) => asked.push(config.model));
  asked = [];
  choose('lenet300-100');
  vi.runAllTimers();
  expect(asked).toEqual([]);
  plan.follow(state('empty'));
  expect(asked).toEqual(['lenet300-100']);
});

it('locks the form without a GPU, and asks for nothing', () => {
  plan = new Plan(form, ({ config }) => asked.push(config.model));
  asked = [];
  choose('lenet300-100');
  plan.follow(state('no device'));
  vi.runAllTimers();
  expect(asked).toEqual([]);
  expect(form.lock).toMatch(/no GPU/);
});

it('says how to change the settings of a run that has begun, until it is discarded', () => {
  plan.begin(of('lenet5'));
  plan.follow(state('paused'));
  expect(form.lock).toBe('');
  plan.follow(state('paused', 3));
  expect(form.lock).toBe('These are the settings of this run. Start over to change them.');
  plan.follow(state('empty'));
  expect(form.lock).toBe('');
});
