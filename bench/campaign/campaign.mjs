// Works through a plan of training runs within a budget of time, and writes what came of them: results.jsonl, table.md, charts. See
// bench/campaign/README.md.
//   npm run campaign -- plan.json --out results/ [--minutes M] [--jobs N]

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { saveCharts } from './charts/index.mjs';
import { dryRun } from './dry_run.mjs';
import { loadEngine } from './engine.mjs';
import { readOptions, USAGE } from './options.mjs';
import { PlanError, readPlan } from './plan.mjs';
import { CampaignProgress } from './progress.mjs';
import { Results } from './results.mjs';
import { pageWith, report } from './table.mjs';
import { Worker } from './worker.mjs';

/** What ended a campaign before its plan was done. */
const CODES = { failed: 1, interrupted: 130 };

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const engine = await loadEngine(options.dist);
  const plan = readPlan(options.planPath, engine, options.place);
  if (options.dryRun) return dryRun(plan, engine, options.gflops);
  const out = resolve(options.out);
  makeFolder(out, options.out);
  // Fails before hours of training rather than after them.
  if (options.into) pageWith(options.into, plan.name, '');
  const lock = engine.tryLockFolder(out);
  if ('owner' in lock) throw new PlanError(`${options.out}: expected no other campaign in it, got ${lock.owner}`);
  const results = new Results(out, engine);
  const worker = new Worker({ out, engine, program: options.program ?? engine.program });
  const save = async () => {
    await results.save(plan);
    const content = report(plan, results);
    await engine.writeFileAtomically(join(out, 'table.md'), `# ${plan.name}\n\n${plan.about}\n\n${content}\n`);
    if (options.into) writeFileSync(options.into, pageWith(options.into, plan.name, content));
  };
  const outcome = await workThrough({ plan, results, worker, engine, save, ...options });
  await save();
  await saveCharts(plan, results, out, engine.writeFileAtomically);
  console.log(`saved ${options.out}: results.jsonl, table.md, charts`);
  lock.unlock();
  process.exitCode = CODES[outcome];
}

function makeFolder(path, name) {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new PlanError(`--out ${name}: expected a folder that can be written, got ${error.message}`);
  }
}

/** Returns why the campaign ended before its plan was done, if for another reason than time. */
async function workThrough({ plan, results, worker, engine, save, jobs, minutes }) {
  // All settings with one seed, then all with the next: a campaign that is cut short has something to compare.
  const queue = plan.runs.filter((run) => !results.has(run)).sort((a, b) => a.config.seed - b.config.seed);
  console.log(`${plan.name}: ${plan.runs.length - queue.length} of ${plan.runs.length} runs are done`);
  if (queue.length === 0) return undefined;
  const failures = [];
  const progress = new CampaignProgress({ plan, results, worker, engine, failures });
  await progress.start();
  const stopping = stopInTime(worker, minutes, progress);
  const work = async () => {
    for (let run = queue.shift(); run && !worker.isStopped; run = queue.shift()) {
      const { result, failure } = await worker.run(run);
      if (failure) failures.push(run.id);
      if (failure) progress.log(`${run.id}  failed: ${failure}`);
      if (!result) continue;
      results.add(result);
      await save();
      progress.log(`${run.id}  ${(100 * result.accuracy).toFixed(2)}%`);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    progress.stop();
    stopping.dispose();
  }
  const left = plan.runs.filter((run) => !results.has(run)).length - failures.length;
  if (left > 0) console.log(`runs left: ${left}; the same command goes on with them`);
  if (failures.length > 0) console.log(`runs failed: ${failures.join(', ')}; see ${join(worker.out, 'logs')}`);
  return stopping.isInterrupted ? 'interrupted' : failures.length > 0 ? 'failed' : undefined;
}

/** Ends the campaign when its time is over, or at the first Ctrl-C; the second ends it at once. */
function stopInTime(worker, minutes, progress) {
  const state = { isInterrupted: false, dispose };
  const timer = Number.isFinite(minutes) ? setTimeout(() => end('time is over'), minutes * 60_000) : undefined;
  const onSignal = () => {
    if (state.isInterrupted) process.exit(CODES.interrupted);
    state.isInterrupted = true;
    end('interrupted; press Ctrl-C again to stop at once');
  };
  const end = (why) => {
    progress.log(`${why}: runs that are under way are being saved`);
    worker.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, onSignal);
  function dispose() {
    clearTimeout(timer);
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
  }
  return state;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof PlanError)) throw error;
  console.error(`campaign: ${error.message}`);
  process.exitCode = 2;
}
