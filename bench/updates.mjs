// What one topology update costs the host: wall time; processor time of the main thread in the engine's functions, by V8's profiler
// (what Node polls while a software adapter computes does not count); bytes read back and written. Gradients are random, so
// that nothing needs to be trained. Needs `npm run build`, and Linux for the processor time.
//   node updates.mjs [--model NAME] [--method dsb] [--sparsity 0.9] [--rounds N] [--dist FOLDER]

import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'wrn-22-2' },
    method: { type: 'string', default: 'dsb' },
    sparsity: { type: 'string', default: '0.9' },
    rounds: { type: 'string', default: '6' },
    dist: { type: 'string', default: `${import.meta.dirname}/../dist` },
  },
});
const engine = pathToFileURL(resolve(options.dist)).href;
const load = (path) => import(resolve(options.dist, path));
const { openDevice } = await load('index.node.js');
const { createTrainer, defaultConfig } = await load('train/index.js');
const { sparsifiableLayers } = await load('nn/index.js');
const { Random, Tensor } = await load('tensor/index.js');

const INTERVAL = 100;
const device = await openDevice();
const config = {
  ...defaultConfig('cifar10'),
  model: options.model,
  method: options.method,
  sparsity: Number(options.sparsity),
  batchSize: 2,
  updateInterval: INTERVAL,
};
const trainer = await createTrainer(device, { ...config, epochs: 10_000, endStep: 100_000 }, twoImages());
const { model, topology } = trainer.parts;

const transferred = { read: 0, written: 0 };
const { read, write } = device;
device.read = function (buffer, sizeBytes) {
  transferred.read += sizeBytes;
  return read.call(this, buffer, sizeBytes);
};
device.write = function (buffer, bytes, offset) {
  transferred.written += bytes.byteLength;
  return write.call(this, buffer, bytes, offset);
};

const profiler = new Session();
profiler.connect();
await profiler.post('Profiler.enable');
await profiler.post('Profiler.setSamplingInterval', { interval: 200 });

const results = [];
for (let round = 1; round <= Number(options.rounds); round++) {
  const step = round * INTERVAL - 1;
  topology.collect(step);
  for (const [, { weight }] of sparsifiableLayers(model)) giveGradient(weight, round);
  await device.finish();
  Object.assign(transferred, { read: 0, written: 0 });
  await profiler.post('Profiler.start');
  const start = { wall: performance.now(), processor: processorMs() };
  const events = await topology.apply(step);
  await device.finish();
  const wall = performance.now() - start.wall;
  const processor = processorMs() - start.processor;
  results.push({
    wall,
    host: processor * engineShare((await profiler.post('Profiler.stop')).profile),
    ...transferred,
    changed: events.reduce((sum, { grown }) => sum + grown, 0),
    layers: events.length,
  });
}
const row = ({ wall, host, read, written, changed }) =>
  `${wall.toFixed(0)} ms wall, ${host.toFixed(0)} ms host, ${(read / 1e6).toFixed(2)} MB read, ` +
  `${(written / 1e6).toFixed(2)} MB written, ${changed} weights grown`;
const warm = results.slice(Math.min(2, results.length - 1));
const median = (key) => warm.map((result) => result[key]).sort((a, b) => a - b)[Math.floor(warm.length / 2)];
console.log(`${device.info.description}`);
console.log(`${options.model}, ${options.method}, sparsity ${options.sparsity}: ${results[0].layers} layers`);
console.log(`first:  ${row(results[0])}`);
console.log(
  `median: ${row(Object.fromEntries(['wall', 'host', 'read', 'written', 'changed'].map((key) => [key, median(key)])))}`,
);
trainer.dispose();
device.destroy();

/** Of the main thread, since it began. */
function processorMs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** Share of the samples, idle ones left out, whose stack holds a function of the engine. */
function engineShare({ nodes, samples, timeDeltas }) {
  const kinds = new Map();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (node, within) => {
    const { url, functionName } = node.callFrame;
    const kind = functionName === '(idle)' ? 'idle' : within || url.startsWith(engine) ? 'engine' : 'other';
    kinds.set(node.id, kind);
    for (const child of node.children ?? []) visit(byId.get(child), kind === 'engine');
  };
  visit(nodes[0], false);
  const time = { idle: 0, engine: 0, other: 0 };
  for (const [i, id] of samples.entries()) time[kinds.get(id)] += timeDeltas[i];
  return time.engine / (time.engine + time.other);
}

/** A random gradient with row and column structure, as training gives them. */
function giveGradient(weight, seed) {
  if (!weight.onDenseGradient) return;
  const random = new Random(seed);
  const [rows] = weight.shape;
  const columns = weight.shape.slice(1).reduce((product, extent) => product * extent, 1);
  const scales = (length) => Float32Array.from({ length }, () => Math.exp(random.normal()));
  const [ofRows, ofColumns] = [scales(rows), scales(columns)];
  const gradient = Float32Array.from(
    { length: rows * columns },
    (_, i) => (random.uniform() - 0.5) * ofRows[Math.floor(i / columns)] * ofColumns[i % columns],
  );
  weight.onDenseGradient(Tensor.from(device, gradient, weight.shape));
}

function twoImages() {
  const split = { images: new Uint8Array(2 * 3 * 32 * 32), labels: Uint8Array.of(0, 1), count: 2 };
  return {
    ...{ name: 'none', source: 'none', classes: 10, channels: 3, height: 32, width: 32 },
    ...{ mean: [0, 0, 0], std: [1, 1, 1], train: split, test: split },
  };
}
