// Methods compared on MNIST: lenet5, 3 epochs on all 60,000 images, dense, RigL, SSB and DSB with each drop rule at three sparsities,
// three seeds. Writes the table of docs/results.md. A run whose result is in the file of results is kept, an interrupted one goes on:
//   node bench/mnist.mjs --data-dir DIR [--results bench/results/mnist.jsonl] [--runs runs/mnist] [--jobs 2] [--minutes M]

import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const SPARSITIES = [0.8, 0.9, 0.95];
const SEEDS = [0, 1, 2];
const EPOCHS = 3;
/** Label and flags of each row. */
const METHODS = {
  dense: ['--method', 'dense'],
  RigL: ['--method', 'rigl'],
  SSB: ['--method', 'ssb'],
  'DSB, column-norm': ['--method', 'dsb', '--drop-rule', 'column-norm'],
  'DSB, block-norm': ['--method', 'dsb', '--drop-rule', 'block-norm'],
  'DSB, original': ['--method', 'dsb', '--drop-rule', 'original'],
};

const { values: options } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    results: { type: 'string', default: 'bench/results/mnist.jsonl' },
    runs: { type: 'string', default: 'runs/mnist' },
    jobs: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    out: { type: 'string', default: 'docs/results.md' },
    program: { type: 'string', default: 'dist/cli/start.cjs' },
  },
});
const deadline = Date.now() + Number(options.minutes) * 60_000;

const plan = SEEDS.flatMap((seed) =>
  SPARSITIES.flatMap((sparsity, i) =>
    Object.entries(METHODS)
      .filter(([method]) => method !== 'dense' || i === 0)
      .map(([method, flags]) => ({ method, flags, sparsity: method === 'dense' ? 0 : sparsity, seed })),
  ),
);

const folderOf = ({ method, sparsity, seed }) =>
  join(options.runs, `${method.toLowerCase().replace(', ', '-')}-${sparsity}-${seed}`);

/** The result of a finished run. */
function resultOf({ method, sparsity, seed }) {
  return results.find((line) => line.method === method && line.sparsity === sparsity && line.seed === seed);
}

/** Notes the result of a run that has come to its end. */
function noteResult(run) {
  const path = join(folderOf(run), 'metrics.jsonl');
  if (!existsSync(path)) return undefined;
  const lines = readLines(path);
  const epochs = lines.filter(({ type }) => type === 'epoch');
  if (epochs.length < EPOCHS) return undefined;
  const updates = lines.filter(({ type }) => type === 'topology');
  const total = (name) => updates.reduce((sum, line) => sum + line[name], 0);
  const { method, sparsity, seed } = run;
  const { testAccuracy: accuracy, seconds } = epochs[EPOCHS - 1];
  const moved = updates.length > 0 ? total('grown') / total('nnz') : 0;
  const result = {
    method,
    sparsity,
    seed,
    accuracy,
    moved,
    secondsOfLastEpoch: seconds,
    date: new Date().toISOString(),
  };
  results.push(result);
  mkdirSync(dirname(options.results), { recursive: true });
  appendFileSync(options.results, `${JSON.stringify(result)}\n`);
  return result;
}

function readLines(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map(parseLine).filter(Boolean) : [];
}

/** The last line of a run that was killed may be half a line. */
function parseLine(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function train(run) {
  const folder = folderOf(run);
  const { flags, sparsity, seed } = run;
  const fresh = [
    '--data-set',
    'mnist',
    '--data-dir',
    options['data-dir'],
    '--model',
    'lenet5',
    '--epochs',
    `${EPOCHS}`,
  ];
  const args = existsSync(join(folder, 'config.json'))
    ? ['--resume', folder]
    : [...fresh, ...flags, '--sparsity', `${sparsity}`, '--seed', `${seed}`, '--out', folder];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.program, 'train', ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const timer =
      Number.isFinite(deadline) && setTimeout(() => child.kill('SIGINT'), Math.max(0, deadline - Date.now()));
    child.on('exit', (code) => {
      clearTimeout(timer);
      if (code === 0 || code === 130) resolve();
      else reject(new Error(`${folder}: training ended with code ${code}`));
    });
  });
}

async function work(queue) {
  for (let run = queue.shift(); run && Date.now() < deadline; run = queue.shift()) {
    await train(run);
    const result = noteResult(run);
    if (result) console.log(`${folderOf(run)}  ${(100 * result.accuracy).toFixed(2)}%`);
    writeTable();
  }
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean and sample standard deviation in percent, and how many seeds there are if not all. */
function cell(method, sparsity) {
  const results = SEEDS.map((seed) => resultOf({ method, sparsity, seed })).filter(Boolean);
  if (results.length === 0) return '';
  const accuracies = results.map(({ accuracy }) => 100 * accuracy);
  const average = mean(accuracies);
  const spread = Math.sqrt(
    mean(accuracies.map((one) => (one - average) ** 2)) * (results.length / (results.length - 1)),
  );
  const moved = mean(results.map(({ moved }) => moved));
  return (
    average.toFixed(2) +
    (results.length > 1 ? ` ± ${spread.toFixed(2)}` : '') +
    (results.length < SEEDS.length ? ` (${results.length} of ${SEEDS.length} seeds)` : '') +
    (moved > 0 ? `, ${(100 * moved).toFixed(1)}% moved` : '')
  );
}

function writeTable() {
  const rows = Object.keys(METHODS).map((method) =>
    method === 'dense'
      ? `| dense (sparsity 0) | ${cell(method, 0)} | | |`
      : `| ${method} | ${SPARSITIES.map((sparsity) => cell(method, sparsity)).join(' | ')} |`,
  );
  const table = [
    `| test accuracy, % | ${SPARSITIES.join(' | ')} |`,
    `| --- |${' --- |'.repeat(SPARSITIES.length)}`,
    ...rows,
  ].join('\n');
  const [start, end] = ['<!-- mnist table -->', '<!-- end of mnist table -->'];
  const page = existsSync(options.out) ? readFileSync(options.out, 'utf8') : `${start}\n${end}\n`;
  if (!page.includes(start)) throw new Error(`${options.out}: expected a line ${start}`);
  const after = page.slice(page.indexOf(end));
  writeFileSync(options.out, `${page.slice(0, page.indexOf(start))}${start}\n${table}\n${after}`);
}

if (!options['data-dir']) throw new Error('expected --data-dir DIR with the official files of MNIST');
const results = readLines(options.results);
for (const run of plan) if (!resultOf(run)) noteResult(run);
const queue = plan.filter((run) => !resultOf(run));
console.log(`${plan.length - queue.length} of ${plan.length} runs are there`);
await Promise.all(Array.from({ length: Number(options.jobs) }, () => work(queue)));
writeTable();
