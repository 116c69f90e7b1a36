// results.jsonl: a line for each finished run, then one for each setting with means over its seeds. A run whose line is there counts as
// done, also where its folder is gone.

import { join } from 'node:path';
import { readLines } from './json_lines.mjs';
import { PlanError } from './plan.mjs';

const RESULTS = 'results.jsonl';
/** Of which settings get a mean and, over more than one seed, a sample standard deviation. */
const MEASURED = [
  'accuracy',
  'bestAccuracy',
  'testLoss',
  'trainLoss',
  'moved',
  'msPerStep',
  'medianMsPerStep',
  'seconds',
  'peakBytes',
];
/** The same for all seeds of a setting, but for rounding of densities. */
const COUNTED = [
  ...['parameters', 'weights', 'allWeights', 'steps', 'epochs'],
  ...['inferenceFlops', 'denseInferenceFlops', 'trainingFlops', 'denseTrainingFlops'],
];
/** What the table shows of a run whose times were measured. */
const COSTS = [
  ...['seconds', 'peakBytes', 'weights'],
  ...['inferenceFlops', 'denseInferenceFlops', 'trainingFlops', 'denseTrainingFlops'],
];

export class Results {
  /** Of runs, by id. */
  lines = new Map();

  /** @throws PlanError if a line is damaged: what could not be read would be lost when the file is written again. */
  constructor(out, engine) {
    this.path = join(out, RESULTS);
    this.write = engine.writeFileAtomically;
    for (const [i, line] of readLines(this.path, { run: ['seed'] }).entries()) {
      // Means are made again.
      if (line.type === 'mean') continue;
      checkRun(line, `${this.path}: line ${i + 1}`);
      this.lines.set(line.id, line);
    }
  }

  has({ id }) {
    return this.lines.has(id);
  }

  add(result) {
    this.lines.set(result.id, result);
  }

  /** Runs in the order of the plan, then settings, then what the plan does not know (any more). */
  save(plan) {
    const settings = settingsOfPlan(plan, this);
    const known = new Set(plan.runs.map(({ id }) => id));
    const others = [...this.lines.values()].filter(({ id }) => !known.has(id));
    const lines = [...settings.flatMap(({ results }) => results), ...settings.flatMap(meanLine), ...others];
    return this.write(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

function checkRun(line, where) {
  const { type, id, msPerStep, lossCurve = [] } = line;
  if (type !== 'run') throw new PlanError(`${where}: expected type run or mean, got ${JSON.stringify(type)}`);
  if (typeof id !== 'string') throw new PlanError(`${where}: expected the id of a run, got ${JSON.stringify(id)}`);
  const lacking = ['accuracy', ...(msPerStep ? COSTS : [])].find((name) => !Number.isFinite(line[name]));
  if (lacking) throw new PlanError(`${where}: ${id}: expected a number as ${lacking}, got ${line[lacking] ?? 'none'}`);
  if (Array.isArray(lossCurve) && lossCurve.every(isPoint)) return;
  throw new PlanError(`${where}: ${id}: expected [step, loss] pairs as lossCurve, got something else`);
}

function isPoint(point) {
  return Array.isArray(point) && point.length === 2 && Number.isInteger(point[0]);
}

/** The plan's runs that differ in nothing but their seed: [{ runs, results }], in the order of the plan. `results` may be left out. */
export function settingsOfPlan(plan, results) {
  const groups = new Map();
  for (const run of plan.runs) {
    const { seed, ...setting } = run.flags;
    const key = JSON.stringify(setting);
    if (!groups.has(key)) groups.set(key, { runs: [], results: [] });
    groups.get(key).runs.push(run);
    const result = results?.lines.get(run.id);
    if (result) groups.get(key).results.push(result);
  }
  return [...groups.values()];
}

/** No line if no run is finished. */
export function meanLine({ runs, results }) {
  if (results.length === 0) return [];
  const [first] = results;
  const { dataSet, model, method, sparsity, blockSize, dropRule, precision } = first;
  const statistics = MEASURED.flatMap((name) => {
    const values = valuesOf(results, name);
    return values.length > 0 ? [[name, { mean: mean(values), spread: spread(values) }]] : [];
  });
  const counts = COUNTED.flatMap((name) => {
    const values = valuesOf(results, name);
    return values.length > 0 ? [[name, Math.round(mean(values))]] : [];
  });
  return [
    {
      type: 'mean',
      ...{ dataSet, model, method, sparsity, blockSize, dropRule, precision },
      seeds: results.map(({ seed }) => seed),
      plannedSeeds: runs.length,
      ...Object.fromEntries([...statistics, ...counts]),
      adapter: [...new Set(valuesOf(results, 'adapter'))].join('; '),
    },
  ];
}

function valuesOf(results, name) {
  return results.map((result) => result[name]).filter((value) => value !== undefined && value !== null);
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; undefined for a single value. */
export function spread(values) {
  if (values.length < 2) return undefined;
  const average = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (values.length - 1));
}
