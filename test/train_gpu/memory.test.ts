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

it('memory is flat over 1,000 steps with topology updates, evaluations and reads', async () => {
  const config = { ...CONFIG, method: 'dsb', epochs: 1000, maxSteps: 1000, updateInterval: 5, logEvery: 20 } as const;
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
  const growth = (name: 'heapBytes' | 'rssBytes') => samples.at(-1)![name] - warm[name];
  const account = JSON.stringify(samples.map(({ heapBytes, rssBytes }) => [heapBytes, rssBytes]));
  // A leak of one kilobyte a step is 0.7 MB; the allocator of a software adapter moves by as much on its own.
  expect(growth('heapBytes'), account).toBeLessThan(1e6);
  expect(growth('rssBytes'), account).toBeLessThan(16e6);
  if (process.env.PRINT) console.log(samples);
}, 60_000);
