// A plan: which runs. Every key of a run is a flag of `train`, spelled as there, and what is not said is what `train` does by default; a
// list stands for a run with each of its values, and lists multiply.
//   { "name": "tiny", "about": "one line", "common": { "model": "lenet5", "epochs": 3, "seed": [0, 1, 2] },
//     "runs": [{ "method": "dense" }, { "method": ["rigl", "ssb"], "sparsity": [0.8, 0.9] }] }

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

const KEYS = ['name', 'about', 'common', 'runs'];
/** Flags that the campaign sets, or that make no run. */
const NOT_IN_PLANS = ['out', 'resume', 'profile', 'trace', 'help'];
/** Flags that say where and how a run is computed. What comes out does not depend on them, nor does which run it is. */
const PLACE_FLAGS = ['data-dir', 'data-url', 'workers', 'adapter', 'checkpoint-every', 'no-record', 'recompute'];
/** Flags whose one value is a list: in JSON a text, as on the command line. */
const LIST_FLAGS = ['milestones', 'betas', 'dense-layers'];
/** Flags that change nothing where nothing is pruned. */
const SPARSE_FLAGS = [
  ...['sparsity', 'block-size', 'distribution', 'erk-power-scale', 'drop-rule', 'growth', 'growth-steps'],
  ...['T', 'T-begin', 'T-end', 'alpha', 'update-schedule'],
];

/** A plan, one of its runs, a flag or a file of a campaign is not what it should be; one line says where. */
export class PlanError extends Error {
  name = 'PlanError';
}

/**
 * @param engine see engine.mjs.
 * @param replace flags that take the place of the plan's, for example an adapter.
 * @returns { name, about, runs: [{ id, label, flags, args, place, config, evaluatedOn }] }: `id` is the name of the run's folder, `label` that without
 *   its seed, `flags` what the plan says of the run (without where it is computed), `args` what `train` is started with, `place` those of
 *   them that also go with `--resume`, `config` what `train` makes of them, `evaluatedOn` which images accuracies are of.
 * @throws PlanError
 */
export function readPlan(path, engine, replace = () => ({})) {
  const plan = parse(path);
  for (const key of Object.keys(plan)) {
    if (!KEYS.includes(key)) fail(path, `expected the keys ${KEYS.join(', ')}; got '${key}'`);
  }
  const { name, about = '', common = {}, runs } = plan;
  if (!/^[\w.-]+$/.test(name ?? '')) fail(path, `name: expected letters, digits, - and _, got ${JSON.stringify(name)}`);
  if (typeof about !== 'string') fail(path, `about: expected a text, got ${JSON.stringify(about)}`);
  if (!Array.isArray(runs) || runs.length === 0)
    fail(path, `runs: expected a list of runs, got ${JSON.stringify(runs)}`);
  checkObject(path, 'common', common);
  const expanded = runs.flatMap((run, i) => {
    const where = `runs[${i}]`;
    checkObject(path, where, run);
    return choices({ ...common, ...run }, (text) => fail(path, `${where}: ${text}`)).map((flags) =>
      planned(flags, engine, replace, (text) => fail(path, `${where}: ${text}`)),
    );
  });
  const byId = new Map();
  for (const run of expanded) {
    if (byId.has(run.id)) fail(path, `runs: expected different runs, got twice ${run.args.join(' ')}`);
    byId.set(run.id, run);
  }
  return { name, about, runs: expanded };
}

function parse(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlanError(`${path}: expected a plan that can be read, got ${error.message}`);
  }
  try {
    const plan = JSON.parse(text);
    checkObject(path, 'the plan', plan);
    return plan;
  } catch (error) {
    throw error instanceof PlanError ? error : new PlanError(`${path}: ${error.message.split('\n')[0]}`);
  }
}

function fail(path, text) {
  throw new PlanError(`${path}: ${text}`);
}

function checkObject(path, where, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(path, `${where}: expected an object of flags, got ${JSON.stringify(value)}`);
  }
}

/** Those of `product`, but one dense run where lists would make several that train the same: it has none of their flags. */
function choices(flags, refuse) {
  const lists = SPARSE_FLAGS.filter((key) => Array.isArray(flags[key]) && flags[key].length > 1);
  return product(flags, refuse).flatMap((chosen) => {
    if (chosen.method !== 'dense') return [chosen];
    if (lists.some((key) => chosen[key] !== flags[key][0])) return [];
    return [Object.fromEntries(Object.entries(chosen).filter(([key]) => !lists.includes(key)))];
  });
}

/** One set of flags for each choice from the lists; the first list varies slowest. */
function product(flags, refuse) {
  return Object.entries(flags).reduce(
    (all, [key, value]) => {
      if (Array.isArray(value) && LIST_FLAGS.includes(key)) {
        refuse(`${key}: expected a text as on the command line, such as "80,120", got ${JSON.stringify(value)}`);
      }
      const values = Array.isArray(value) ? value : [value];
      if (values.length === 0) refuse(`${key}: expected at least one value, got []`);
      for (const one of values) {
        if (!['string', 'number', 'boolean'].includes(typeof one)) {
          refuse(`${key}: expected a text, a number, true or a list of them, got ${JSON.stringify(one)}`);
        }
      }
      return all.flatMap((chosen) => values.map((one) => ({ ...chosen, [key]: one })));
    },
    [{}],
  );
}

function planned(given, engine, replace, refuse) {
  for (const key of NOT_IN_PLANS) if (key in given) refuse(`expected flags of what is trained, got '${key}'`);
  const flags = Object.fromEntries(
    Object.entries(given)
      .filter(([key, value]) => !PLACE_FLAGS.includes(key) && value !== false)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const all = { ...given, ...replace(given) };
  const args = argsOf(all);
  const config = configOf(args, engine, refuse);
  const label = labelOf(config);
  const id = `${label}-seed${config.seed}-${hashOf(flags)}`;
  return {
    id,
    label,
    flags,
    args,
    place: argsOf(pick(all, PLACE_FLAGS)),
    config,
    evaluatedOn: engine.evaluatedOn(config),
  };
}

function pick(flags, names) {
  return Object.fromEntries(Object.entries(flags).filter(([key]) => names.includes(key)));
}

/** `true` is a flag without a value, `false` one that is not given. */
function argsOf(flags) {
  return Object.entries(flags).flatMap(([key, value]) =>
    value === false ? [] : value === true ? [`--${key}`] : [`--${key}`, `${value}`],
  );
}

/** What `train` would make of the flags. */
function configOf(args, { addTrainOptions, configOf: toConfig, checkConfig }, refuse) {
  const command = addTrainOptions(new Command('train'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    return checkConfig(toConfig(command.parse(args, { from: 'user' }).opts()));
  } catch (error) {
    return refuse(error.message.replace(/^error: /, '').split('\n')[0]);
  }
}

/** `cifar10-wrn-22-2-dsb-column-norm-b16-s0.9`: for people; the hash behind it in an id tells apart what it leaves out. */
function labelOf({ dataSet, model, method, dropRule, blockSize, sparsity }) {
  const parts = [dataSet, model, method];
  if (method === 'dsb') parts.push(dropRule);
  if (method === 'dsb' || method === 'ssb') parts.push(`b${blockSize}`);
  if (method !== 'dense') parts.push(`s${sparsity}`);
  return parts.join('-').toLowerCase();
}

function hashOf(flags) {
  return createHash('sha256').update(JSON.stringify(flags)).digest('hex').slice(0, 8);
}
