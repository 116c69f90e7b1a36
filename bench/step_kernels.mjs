// Processor time of every kernel of one training step, largest first: the fifth step of a run is recorded, then each of its
// dispatches is repeated alone. For software adapters, whose threads are the process's; wall times would count what else runs.
//   node bench/step_kernels.mjs [--data-set mnist] [--data-dir DIR] [--model M] [--method M] [--dist dist] [--rounds 20]

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    'data-set': { type: 'string', default: 'mnist' },
    'data-dir': { type: 'string' },
    model: { type: 'string' },
    method: { type: 'string', default: 'dsb' },
    dist: { type: 'string', default: 'dist' },
    rounds: { type: 'string', default: '20' },
  },
});
const load = (path) => import(resolve(options.dist, path));
await load('device/dawn/gpu_provider.node.js');
const { openDevice } = await load('device/index.js');
const { loadDataset } = await load('data/index.node.js');
const { createTrainer, defaultConfig } = await load('train/index.js');

const RECORDED = 5;
const rounds = Number(options.rounds);
const device = await openDevice();
const dataset = await loadDataset(options['data-set'], { dir: options['data-dir'] });
const recipe = defaultConfig(options['data-set']);
const model = options.model ?? recipe.model;
const trainer = await createTrainer(device, { ...recipe, model, method: options.method, logEvery: 1 }, dataset);

const run = device.run.bind(device);
const dispatches = [];
let isRecording = false;
device.run = (...call) => {
  if (isRecording) dispatches.push(call);
  return run(...call);
};
for await (const event of trainer.run({ record: false })) {
  if (event.type !== 'step') continue;
  if (isRecording) break;
  isRecording = event.step + 1 === RECORDED;
}

/** Milliseconds of processor time of one of `rounds` repetitions. */
async function processorTime(call) {
  await device.finish();
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) run(...call);
  await device.finish();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / rounds / 1000;
}

const times = new Map();
for (const call of dispatches) {
  const [kernel, , params] = call;
  const name = `${kernel.path.split('/').at(-1)} ${JSON.stringify(params).slice(0, 100)}`;
  const ms = Math.min(await processorTime(call), await processorTime(call));
  times.set(name, (times.get(name) ?? 0) + ms);
}
const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
console.log(`${device.info.description}\n${model}, ${options.method}: ${total.toFixed(1)} ms of processor time a step`);
for (const [name, ms] of [...times].sort((a, b) => b[1] - a[1])) console.log(`${ms.toFixed(2).padStart(8)}  ${name}`);
device.destroy();
