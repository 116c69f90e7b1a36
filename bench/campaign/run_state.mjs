// How far a run is and what came of it, from the files of its folder alone: metrics.jsonl and sessions.jsonl, which `train` writes.

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine, readLines } from './json_lines.mjs';
import { PlanError } from './plan.mjs';

/** What is needed of the lines of metrics.jsonl and of sessions.jsonl. */
const METRICS_NUMBERS = {
  step: ['step', 'loss', 'ms'],
  topology: ['step', 'grown', 'nnz', 'ms'],
  epoch: ['epoch', 'step', 'trainLoss', 'trainAccuracy', 'testLoss', 'testAccuracy'],
};
const SESSION_NUMBERS = {
  start: ['step', 'parameters', 'weights.active', 'weights.all', 'flops.active', 'flops.dense'],
  save: ['step', 'seconds', 'peakBytes'],
  test: ['step', 'accuracy'],
};
/** Enough for the last line, whatever it is. */
const TAIL_BYTES = 4096;
/** Points of a loss curve: at most, at least (if there are as many step lines), and step lines to each in between. */
const MOST_POINTS = 60;
const LEAST_POINTS = 6;
const LINES_A_POINT = 5;
/** The quantile of times that stands for a machine without other work. */
const UNDISTURBED = 0.1;

export function isBegun(folder) {
  return existsSync(join(folder, 'config.json'));
}

/** Steps done, or a few more: what a killed process did after its last save counts here. 0 if that cannot be told. */
export function stepsDone(folder) {
  const lines = tail(join(folder, 'metrics.jsonl')).split('\n').slice(0, -1);
  const last = parseLine(lines.at(-1) ?? '');
  if (!Number.isInteger(last?.step)) return 0;
  return last.type === 'epoch' ? last.step : last.step + 1;
}

function tail(path) {
  let file;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    const length = Math.min(size, TAIL_BYTES);
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, size - length);
    return bytes.toString();
  } catch {
    // Not there yet, or not to be read: whoever needs its lines will say so.
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The result of a finished run, or undefined: it is finished when its last epoch was evaluated and saved.
 * @param run of the plan.
 * @throws PlanError if a line of its logs is damaged.
 */
export function resultOf(folder, run) {
  const lines = readLines(join(folder, 'metrics.jsonl'), METRICS_NUMBERS, { mayBeCut: true });
  const last = lines.at(-1);
  const sessions = readLines(join(folder, 'sessions.jsonl'), SESSION_NUMBERS, { mayBeCut: true });
  if (last?.type !== 'epoch' || sessions.at(-1)?.step !== last.step) return undefined;
  if (!sessions.some(({ type }) => type === 'start')) {
    throw new PlanError(`${join(folder, 'sessions.jsonl')}: expected a start line, got none`);
  }
  const { epochs, maxSteps } = run.config;
  if (last.epoch + 1 !== epochs && last.step !== maxSteps) return undefined;
  const epochLines = lines.filter(({ type }) => type === 'epoch');
  const updates = lines.filter(({ type }) => type === 'topology');
  const tested = sessions.findLast(({ type }) => type === 'test');
  return {
    type: 'run',
    id: run.id,
    flags: run.flags,
    ...settingsOf(run.config),
    seed: run.config.seed,
    accuracy: last.testAccuracy,
    bestAccuracy: Math.max(...epochLines.map(({ testAccuracy }) => testAccuracy)),
    testLoss: last.testLoss,
    ...(tested === undefined ? {} : { testedAccuracy: tested.accuracy }),
    trainAccuracy: last.trainAccuracy,
    trainLoss: last.trainLoss,
    epochs: epochLines.length,
    steps: last.step,
    updates: new Set(updates.map(({ step }) => step)).size,
    moved: sum(updates, 'nnz') > 0 ? sum(updates, 'grown') / sum(updates, 'nnz') : 0,
    ...costs(lines, sessions, run.config, last.step),
    lossCurve: lossCurve(lines),
  };
}

/** What tells the settings of a plan apart, for tables and charts. */
export function settingsOf({ dataSet, model, method, sparsity, blockSize, dropRule, precision }) {
  const isBlocks = method === 'dsb' || method === 'ssb';
  return {
    ...{ dataSet, model, method, sparsity: method === 'dense' ? 0 : sparsity },
    ...(isBlocks ? { blockSize } : {}),
    ...(method === 'dsb' ? { dropRule } : {}),
    ...(precision === undefined ? {} : { precision }),
  };
}

function sum(lines, name) {
  return lines.reduce((total, line) => total + line[name], 0);
}

/** Time, memory, operations and parameters, and what they were measured on. */
function costs(lines, sessions, config, steps) {
  const starts = sessions.filter(({ type }) => type === 'start');
  const saves = sessions.filter(({ type }) => type === 'save');
  const { parameters, weights, flops, versions, platform, isSoftware } = starts.at(-1);
  const stepTimes = lines.filter(({ type }) => type === 'step').map(({ ms }) => ms);
  const updateMs = updateTimes(lines);
  const updatesShare = (times, quantile) =>
    times.length > 0 ? (quantileOf(times, quantile) * times.length) / steps : 0;
  return {
    // First deciles, which compiling and other work on the machine disturb least; updates are shared out over all steps.
    msPerStep: quantileOf(stepTimes, UNDISTURBED) + updatesShare(updateMs, UNDISTURBED),
    medianMsPerStep: quantileOf(stepTimes, 0.5) + updatesShare(updateMs, 0.5),
    // Of each session, up to its last save.
    seconds: sum(sessions.filter(isLastSave), 'seconds'),
    peakBytes: Math.max(...saves.map(({ peakBytes }) => peakBytes)),
    parameters,
    weights: weights.active,
    allWeights: weights.all,
    inferenceFlops: flops.active,
    denseInferenceFlops: flops.dense,
    trainingFlops: trainingFlops(flops, config, steps, updateMs.length),
    denseTrainingFlops: 3 * flops.dense * steps * config.batchSize,
    sessions: starts.length,
    adapter: [...new Set(starts.map(({ adapter }) => adapter))].join('; '),
    ...{ isSoftware, platform, versions },
    date: starts.at(-1).time,
  };
}

function isLastSave(line, i, sessions) {
  return line.type === 'save' && sessions[i + 1]?.type !== 'save';
}

/**
 * Of a whole run: a step costs three forward passes of the kept weights for each image (the gradients of input and weight cost as much
 * as it each), and, where weights grow by gradient, the gradients of all others before an update (Evci et al., ICML 2020, appendix H).
 */
export function trainingFlops({ active, dense }, config, steps, updates) {
  const { method, growth = method === 'set' ? 'random' : 'gradient', updateInterval, batchSize } = config;
  const { growthSteps = growth === 'momentum' ? Math.min(10, updateInterval) : 1 } = config;
  const gathered = growth === 'random' ? 0 : updates * growthSteps;
  return batchSize * (3 * active * steps + (dense - active) * gathered);
}

/** Milliseconds of each topology update, all layers together. */
function updateTimes(lines) {
  const times = new Map();
  for (const { type, step, ms } of lines) if (type === 'topology') times.set(step, (times.get(step) ?? 0) + ms);
  return [...times.values()];
}

/** By linear interpolation between the two nearest values. */
export function quantileOf(values, quantile) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = quantile * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (place - Math.floor(place)) * (high - low);
}

/** Means over equal parts of the run: [[last step of the part, training loss], ...]. */
function lossCurve(lines) {
  const stepLines = lines.filter(({ type }) => type === 'step');
  const wanted = Math.max(LEAST_POINTS, Math.floor(stepLines.length / LINES_A_POINT));
  const count = Math.min(MOST_POINTS, stepLines.length, wanted);
  return Array.from({ length: count }, (_, i) => {
    const part = stepLines.slice(
      Math.floor((i * stepLines.length) / count),
      Math.floor(((i + 1) * stepLines.length) / count),
    );
    return [part.at(-1).step + 1, Number((sum(part, 'loss') / part.length).toPrecision(5))];
  });
}
