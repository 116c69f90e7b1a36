// Profiles of training steps: every dispatch counts once, under the part of the network that it belongs to.

import { afterAll, describe, expect, it } from 'vitest';
import { formatProfile } from '../../src/cli/train/profile_report.js';
import { chromeTrace, createTrainer, layerFlops, type StepProfile } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';
import { CONFIG, patterns } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

async function profiled(model: string, method: 'dsb' | 'dense', microBatch?: number) {
  const trainer = await createTrainer(device, { ...CONFIG, model, method, microBatch }, patterns(40));
  const profile = await trainer.profile(3);
  const flops = layerFlops(trainer.parts.model, trainer.parts.train.dataset);
  trainer.dispose();
  return { profile, flops };
}

const partOf = ({ parts }: StepProfile, name: string) => parts.find(({ part }) => part === name)!;

describe('a profile', () => {
  it('has each layer of a network, forward and backward', async () => {
    const { profile, flops } = await profiled('wrn-10-1', 'dsb');
    for (const layer of flops.keys()) {
      expect(partOf(profile, layer).forward, layer).toBeGreaterThan(0);
      expect(partOf(profile, layer).backward, layer).toBeGreaterThan(0);
    }
    expect(partOf(profile, 'bn1').backward).toBeGreaterThan(0);
    // Its convolution adds the branches.
    expect(partOf(profile, 'net1.layer.0')).toBeUndefined();
    for (const part of ['(images)', '(loss)', '(optimizer)']) {
      expect(partOf(profile, part).forward, part).toBeGreaterThan(0);
    }
    expect(partOf(profile, '(optimizer)').backward).toBe(0);
  });

  it('adds up, by part and by kernel', async () => {
    const { profile } = await profiled('lenet300-100', 'dense', 7);
    const byPart = profile.parts.reduce((sum, { forward, backward }) => sum + forward + backward, 0);
    const byKernel = profile.kernels.reduce((sum, { ms }) => sum + ms, 0);
    expect(byPart).toBeCloseTo(profile.gpuMs, 6);
    expect(byKernel).toBeCloseTo(profile.gpuMs, 6);
    const count = profile.kernels.reduce((sum, kernel) => sum + kernel.count, 0);
    expect(count).toBe(profile.dispatches.length);
    // Three parts of a batch of 16: three forward passes of three linear layers.
    const linear = profile.dispatches.filter(({ label }) => label.part === 'fc1' && label.pass === 'forward');
    expect(linear.length % 3).toBe(0);
    expect(profile.hostMs).toBeGreaterThan(0);
  });
});

it('a trace holds every dispatch, in time', async () => {
  const { profile } = await profiled('lenet300-100', 'dense');
  const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(profile))) as {
    traceEvents: { ph: string; tid: number; ts: number; dur: number; name: string }[];
  };
  const kernels = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 2);
  expect(kernels).toHaveLength(profile.dispatches.length);
  for (const [i, { ts, dur }] of kernels.entries()) {
    expect(dur).toBeGreaterThanOrEqual(0);
    expect(ts).toBeGreaterThanOrEqual(i === 0 ? 0 : kernels[i - 1].ts);
  }
  const spans = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 1).map(({ name }) => name);
  expect(spans.slice(0, 3)).toEqual(['(images) forward', 'fc1 forward', '(network) forward']);
});

it('a report says rates of layers against the peak', () => {
  const label = { part: 'fc1', pass: 'forward' } as const;
  const profile: StepProfile = {
    parts: [
      { part: 'fc1', forward: 2, backward: 8 },
      { part: '(loss)', forward: 0.5, backward: 0 },
    ],
    kernels: [{ kernel: 'src/shaders/matmul/matmul.wgsl', count: 3, ms: 10.5 }],
    ...{ gpuMs: 10.5, hostMs: 1, dataMs: 0.25 },
    dispatches: [{ kernel: 'src/shaders/matmul/matmul.wgsl', label, startMs: 0, ms: 10.5 }],
  };
  // 4 images of 10^6 operations: 2 GFLOP/s in 2 ms, and twice as many in 8 ms.
  const lines = formatProfile(profile, new Map([['fc1', 1e6]]), 4, 20).split('\n');
  expect(lines.slice(0, 3)).toEqual([
    'part    forward ms    GFLOP/s  backward ms   GFLOP/s  share',
    'fc1          2.000  2.0 (10%)        8.000  1.0 (5%)  95.2%',
    '(loss)       0.500                   0.000             4.8%',
  ]);
  expect(lines.at(-2)).toBe('GPU 10.500 ms a step, host 1.000 ms to encode it, 0.250 ms waiting for images');
});
