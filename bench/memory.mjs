// GPU memory of a training step: what `planMemory` predicts, the peak of recorded steps, and that of eager ones. On a backend that
// allocates and executes nothing, so that it takes seconds.
//   node bench/memory.mjs [--models vgg-d,wrn-22-2] [--methods dense,dsb] [--batch-size 64] [--precision f16] [--recompute] [--dist dist]

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'vgg-d,wrn-22-2' },
    methods: { type: 'string', default: 'dense,dsb' },
    'batch-size': { type: 'string', default: '64' },
    precision: { type: 'string', default: 'f32' },
    recompute: { type: 'boolean', default: false },
    dist: { type: 'string', default: 'dist' },
  },
});
const load = (path) => import(resolve(options.dist, path));
await load('device/dawn/gpu_provider.node.js');
const { openDevice } = await load('device/index.js');
const { createTrainer, defaultConfig } = await load('train/index.js');

const batchSize = Number(options['batch-size']);
const images = {
  count: 4 * batchSize,
  images: new Uint8Array(4 * batchSize * 3072),
  labels: new Uint8Array(4 * batchSize),
};
const dataset = {
  ...{ name: 'blank', source: 'none', classes: 10, channels: 3, height: 32, width: 32 },
  ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], train: images, test: images },
};

async function measure(model, method, record) {
  const device = await openDevice({ backend: 'null', warn: () => {} });
  // Nothing is computed: a loss would be whatever the memory holds.
  device.read = async (_, sizeBytes) => new Uint8Array(sizeBytes);
  // An eager step keeps everything.
  const { precision } = options;
  const recompute = options.recompute && record;
  const config = {
    ...defaultConfig('cifar10'),
    model,
    method,
    batchSize,
    precision,
    recompute,
    maxSteps: 3,
    updateInterval: 1000,
  };
  const trainer = await createTrainer(device, config, dataset);
  const held = device.memory().usedBytes;
  const predicted = record ? held + (await trainer.planMemory()).stepBytes : undefined;
  device.resetPeak();
  for await (const { type } of trainer.run({ record })) if (type === 'step') break;
  const peak = device.memory().peakUsedBytes;
  trainer.dispose();
  device.destroy();
  return { held, predicted, peak };
}

const mib = (bytes) => (bytes / 2 ** 20).toFixed(0);
console.log('| model, method | held | predicted peak | peak | eager peak | step, of eager |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const model of options.models.split(',')) {
  for (const method of options.methods.split(',')) {
    const recorded = await measure(model, method, true);
    const eager = await measure(model, method, false);
    const share = (recorded.peak - recorded.held) / (eager.peak - eager.held);
    const cells = [recorded.held, recorded.predicted, recorded.peak, eager.peak].map(mib);
    console.log(`| ${model}, ${method} | ${cells.join(' | ')} | ${(100 * share).toFixed(0)}% |`);
  }
}
process.exit();
