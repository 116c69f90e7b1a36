// A thousand training steps: neither the GPU's memory nor the process's grows once the run is warm.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { liveTensors } from '../../src/tensor/index.js';
import { createTrainer } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const device = await testDevice();

interface Sample {
  readonly step: number;
  readonly heldBytes: number;
  readonly buffers: number;
  readonly tensors: number;
  readonly pipelines: number;
  readonly bindGroups: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

async function sample(step: number): Promise<Sample> {
  await device.finish();
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5)); // Finalisers of WebGPU objects run as tasks.
  }
  const { heldBytes, buffers } = device.memory();
  const { pipelines, bindGroups } = device.counters();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    step,
    heldBytes,
    buffers,
    tensors: liveTensors(),
    pipelines,
    bindGroups,
    heapBytes: heapUsed,
    rssBytes: rss,
  };
}

it('memory is flat over 1,000 steps with topology updates, evaluations and reads', { timeout: 300_000 }, async () => {
  const config = {
    ...CONFIG,
    method: 'dsb',
    epochs: 1000,
    maxSteps: 1000,
    updateInterval: 10,
    updateEnd: 1000,
    logEvery: 20,
  } as const;
  const trainer = await createTrainer(device, config, patterns());
  const samples: Sample[] = [];
  for await (const event of trainer.run()) {
    if (event.type === 'epoch' && event.step % 120 === 0) samples.push(await sample(event.step));
  }
  trainer.dispose();
  expect(samples.map(({ step }) => step)).toEqual([120, 240, 360, 480, 600, 720, 840, 960]);
  const [warm, ...later] = samples.slice(1);
  for (const { step, heldBytes, buffers, tensors, pipelines } of later) {
    expect({ heldBytes, buffers, tensors, pipelines }, `step ${step}`).toEqual({
      heldBytes: warm.heldBytes,
      buffers: warm.buffers,
      tensors: warm.tensors,
      pipelines: warm.pipelines,
    });
  }
  const median = (some: Sample[], name: 'heapBytes' | 'rssBytes') =>
    some.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(some.length / 2)];
  const growth = (name: 'heapBytes' | 'rssBytes') =>
    median(samples.slice(-3), name) - median(samples.slice(1, 4), name);
  const account = JSON.stringify(samples.map(({ heapBytes, rssBytes }) => [heapBytes, rssBytes]));
  // Over 480 steps. What a process holds goes up and down by 10 MB on a software adapter, over 6,000 steps as over 1,000.
  expect(growth('heapBytes'), account).toBeLessThan(1e6);
  expect(growth('rssBytes'), account).toBeLessThan(24e6);
});
