// Stands for the command line in tests of the campaign: `train` that computes nothing, but keeps a run folder, saves, resumes, locks and dies as
// the real one does. Its losses are a function of seed and step. What it does wrong is told by FAKE, JSON:
//   { stepMs, failSeed, crash: { seed, phase, times } }: dies at the step of that number in its epoch, 3 being the one after which it has saved.

import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { tryLockFolder } = await import(process.env.FAKE_LOCK);
const fake = JSON.parse(process.env.FAKE ?? '{}');
const STEPS_PER_EPOCH = 4;

const names = ['resume', 'out', 'seed', 'epochs', 'method', 'model', 'sparsity', 'data-set', 'data-dir', 'drop-rule', 'block-size'];
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});
const folder = values.resume ?? values.out;
mkdirSync(folder, { recursive: true });
const lock = tryLockFolder(folder);
if ('owner' in lock) quit(2, `shuffleblock: ${folder}: expected a run that no other process works on, got ${lock.owner}`);
const path = (name) => join(folder, name);

if (values.resume === undefined) {
  if (existsSync(path('config.json'))) quit(2, `shuffleblock: --out ${folder}: expected a new or empty folder`);
  const config = { seed: Number(values.seed ?? 0), epochs: Number(values.epochs) };
  writeFileSync(path('config.json'), JSON.stringify(config));
}
const { seed, epochs } = JSON.parse(readFileSync(path('config.json'), 'utf8'));
if (seed === fake.failSeed) quit(1, 'DivergenceError: step 3: loss is NaN');
const saved = existsSync(path('saved.json')) ? JSON.parse(readFileSync(path('saved.json'), 'utf8')) : { step: 0, lines: [] };
writeFileSync(path('metrics.jsonl'), saved.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
append('sessions.jsonl', {
  ...{ type: 'start', step: saved.step, time: '2026-01-01T00:00:00.000Z', versions: { shuffleblock: 'fake' }, platform: 'none' },
  ...{ adapter: process.env.FAKE_ADAPTER ?? 'fake', isSoftware: true, images: { train: 128, test: 8 }, parameters: 110 },
  ...{ weights: { active: 50, all: 100 }, flops: { active: 100, dense: 200 } },
});

let interrupted = false;
process.on('SIGINT', () => {
  interrupted = true;
});

for (let step = saved.step; step < epochs * STEPS_PER_EPOCH; step++) {
  await sleep(fake.stepMs ?? 5);
  const epoch = Math.floor(step / STEPS_PER_EPOCH);
  // Who worked on which step: two processes on one run would show.
  appendFileSync(path('steps.txt'), `${process.pid} ${step}\n`);
  add({ type: 'step', step, epoch, loss: lossOf(step), lr: 0.1, ms: 5 });
  if ((step + 1) % STEPS_PER_EPOCH === 0) {
    add({ type: 'topology', step, layer: 'fc', grown: 5, nnz: 50, ms: 2 });
    const testAccuracy = 1 - lossOf(step);
    add({ type: 'epoch', epoch, step: step + 1, trainLoss: lossOf(step), trainAccuracy: 0.5, testLoss: 1, testAccuracy, seconds: 1, updateSeconds: 0.1 });
    save(step + 1);
  }
  if (fake.crash?.seed === seed && step % STEPS_PER_EPOCH === fake.crash.phase && crashes() < fake.crash.times) {
    appendFileSync(path('crashes.txt'), 'x');
    process.kill(process.pid, 'SIGKILL');
    await sleep(10_000);
  }
  if (interrupted) {
    save(step + 1);
    quit(130, `stopped after ${step + 1} steps`);
  }
}
quit(0, 'done');

function lossOf(step) {
  return (1 + (seed % 3) / 10) / (step + 2);
}

function crashes() {
  return existsSync(path('crashes.txt')) ? readFileSync(path('crashes.txt'), 'utf8').length : 0;
}

function add(line) {
  saved.lines.push(line);
  append('metrics.jsonl', line);
}

function append(name, line) {
  appendFileSync(path(name), `${JSON.stringify(line)}\n`);
}

function save(step) {
  writeFileSync(path('.saved.tmp'), JSON.stringify({ step, lines: saved.lines }));
  renameSync(path('.saved.tmp'), path('saved.json'));
  append('sessions.jsonl', { type: 'save', step, seconds: step / 10, peakBytes: 1 << 20 });
}

function quit(code, message) {
  console.error(message);
  process.exit(code);
}
