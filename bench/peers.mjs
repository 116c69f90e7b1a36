// The same matrix products, convolutions and training step in shuffleblock (dense), tfjs and jax-js, on the same adapter in the same
// run. Engines take turns within every round, so that whatever else the machine does hits them alike; reported are medians.
// Rows of `--json` are those of `shuffleblock bench kernels` and `bench step`.
//   node peers.mjs [--json FILE] [--filter TEXT] [--rounds N]

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { TASKS } from './tasks.mjs';

const ENGINES = ['shuffleblock', 'tfjs', 'jax_js'];
/** A measurement repeats its task for about this long. */
const MEASUREMENT_MS = 400;

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    filter: { type: 'string', default: '' },
    rounds: { type: 'string', default: '7' },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`peers: expected --rounds to be a whole number of at least 1, got ${options.rounds}`);
  process.exit(2);
}

async function start(name) {
  const child = fork(new URL('engines/child.mjs', import.meta.url), [name], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += text;
  });
  const ended = once(child, 'exit').then(() => [{ error: `${name} ended: ${complaint}` }]);
  child.setMaxListeners(0); // Each race below leaves its loser listening.
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    if (message.error) throw new Error(message.error);
    return message.result;
  };
  const { adapter } = await answer();
  const ask = (message) => {
    child.send(message);
    return answer();
  };
  return { name, adapter, ask };
}

function median(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** All engines must have computed the same before their times mean anything. */
function checkSame(task, sizes) {
  for (const [name, own] of Object.entries(sizes)) {
    for (const [i, size] of own.entries()) {
      const expected = sizes[ENGINES[0]][i];
      if (!(Math.abs(size - expected) <= 1e-3 * expected)) {
        throw new Error(
          `peers: ${task.name}: result ${i}: expected a root mean square of ${expected}, got ${size} (${name})`,
        );
      }
    }
  }
}

async function compare(task, engines) {
  const sizes = {};
  const repetitions = {};
  const samples = {};
  const busy = {};
  for (const { name, ask } of engines) {
    sizes[name] = (await ask({ type: 'prepare', task: TASKS.indexOf(task) })).sizes;
    const { ms } = await ask({ type: 'time', repetitions: 1 });
    repetitions[name] = Math.max(1, Math.min(1000, Math.round(MEASUREMENT_MS / ms)));
    samples[name] = [];
    busy[name] = [];
  }
  checkSame(task, sizes);
  for (let round = 0; round < rounds; round++) {
    for (const { name, ask } of engines) {
      const { ms, busyMs } = await ask({ type: 'time', repetitions: repetitions[name] });
      samples[name].push(ms);
      busy[name].push(busyMs);
    }
  }
  return engines.map(({ name, adapter }) => {
    const ms = median(samples[name]);
    return {
      ...{ engine: name, adapter, ...task.row, sparsity: 0, blockSize: 0, precision: 'f32', ms },
      ...{ leastMs: Math.min(...samples[name]), mostMs: Math.max(...samples[name]), processorMs: median(busy[name]) },
      ...(task.flops ? { effectiveGflops: task.flops / ms / 1e6, actualGflops: task.flops / ms / 1e6 } : {}),
    };
  });
}

const engines = [];
for (const name of ENGINES) engines.push(await start(name));
const adapters = new Set(engines.map((engine) => engine.adapter));
if (adapters.size !== 1)
  throw new Error(`peers: expected one adapter for all engines, got ${[...adapters].join('; ')}`);
console.log(`adapter: ${[...adapters][0]}\n`);
console.log(
  'median ms (least to most), median processor ms of the adapter over its cores, GFLOP/s, time relative to shuffleblock\n',
);

const all = [];
for (const task of TASKS.filter(({ name }) => name.includes(options.filter))) {
  const results = await compare(task, engines);
  all.push(...results);
  console.log(task.name);
  for (const { engine, ms, leastMs, mostMs, processorMs, effectiveGflops } of results) {
    const range = `(${leastMs.toFixed(1)} to ${mostMs.toFixed(1)})`;
    const ratio = `${(ms / results[0].ms).toFixed(2)}x`;
    const cells = [
      ms.toFixed(1).padStart(9),
      range.padEnd(20),
      processorMs.toFixed(1).padStart(8),
      (effectiveGflops?.toFixed(1) ?? '').padStart(7),
    ];
    console.log(`  ${engine.padEnd(13)}${cells.join(' ')}${ratio.padStart(9)}`);
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
}
for (const { ask } of engines) ask({ type: 'quit' }).catch(() => {});
