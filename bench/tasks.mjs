// What every engine is asked to do, and the values that all of them start from, in each engine's own layout.

import { readFileSync } from 'node:fs';
import { BATCH } from './lenet5.mjs';

const LAYERS = JSON.parse(readFileSync(new URL('../src/cli/bench/layers.json', import.meta.url), 'utf8'));

/** Layers and matrix products, `backward` also with both gradients for a given gradient of the output; a training step. */
export const TASKS = [
  ...LAYERS.filter(({ sets }) => sets.includes('peers')).flatMap(tasksOf),
  {
    name: 'lenet5, training step',
    kind: 'step',
    row: { model: 'lenet5', imageSize: 28, batchSize: BATCH, method: 'dense' },
  },
];

function tasksOf(layer) {
  const { name, inChannels, outChannels, kernel, stride, padding, batchSize } = layer;
  const outSize = Math.floor((layer.size + 2 * padding - kernel) / stride) + 1;
  const flops = 2 * kernel ** 2 * batchSize * inChannels * outChannels * outSize ** 2;
  const task = (pass, more) => ({
    name: `${name}, ${pass}`,
    row: { layer: name, pass, batchSize },
    flops: pass === 'forward' ? flops : 3 * flops,
    ...more,
  });
  if (name.startsWith('matmul/')) return [task('forward', { kind: 'matmul', size: batchSize })];
  const convolution = { ...layer, kind: 'conv', batch: batchSize, outSize };
  return [
    task('forward', { ...convolution, name: `${name}, forward`, backward: false }),
    task('forward+backward', { ...convolution, name: `${name}, forward+backward`, backward: true }),
  ];
}

/** Shapes of a convolution's tensors in PyTorch's order: x [N,I,H,W], weight [O,I,KH,KW], gradOutput [N,O,OH,OW]. */
export function convolutionShapes({ batch, inChannels, outChannels, size, outSize, kernel }) {
  return {
    x: [batch, inChannels, size, size],
    weight: [outChannels, inChannels, kernel, kernel],
    gradOutput: [batch, outChannels, outSize, outSize],
  };
}
