// train --profile: what a training step spends its time on, as a table and as a trace.

import type { Device } from '../../device/index.js';
import { writeFileAtomically } from '../../host/atomic_write.node.js';
import { alignColumns, chromeTrace, layerFlops, type StepProfile, type Trainer } from '../../train/index.js';
import { measurePeaks } from '../bench/peak.js';

/** Kernels that are listed. */
const MOST_KERNELS = 12;

/** Profiles so many steps and prints the result. @param tracePath where the trace of the last step goes, if anywhere. */
export async function profileSteps(
  device: Device,
  trainer: Trainer,
  steps: number,
  tracePath: string | undefined,
): Promise<void> {
  const { train, model, config } = trainer.parts;
  const { multiplyAdd } = await measurePeaks(device);
  const profile = await trainer.profile(steps);
  const flops = new Map([...layerFlops(model, train.dataset)].map(([name, { active }]) => [name, active]));
  console.log(formatProfile(profile, flops, config.batchSize, multiplyAdd.gflops));
  if (tracePath === undefined) return;
  await writeFileAtomically(tracePath, JSON.stringify(chromeTrace(profile)));
  console.log(`saved      ${tracePath}: open it in chrome://tracing or https://ui.perfetto.dev`);
}

/**
 * @param flops of each layer, one image, forward.
 * @param peakGflops of the adapter, measured.
 */
export function formatProfile(
  { parts, kernels, gpuMs, hostMs, dataMs }: StepProfile,
  flops: ReadonlyMap<string, number>,
  batchSize: number,
  peakGflops: number,
): string {
  const ms = (value: number) => value.toFixed(3);
  const share = (value: number) => `${((100 * value) / gpuMs).toFixed(1)}%`;
  const rate = (operations: number, time: number) => {
    const gflops = operations / time / 1e6;
    return time > 0 ? `${gflops.toFixed(1)} (${((100 * gflops) / peakGflops).toFixed(0)}%)` : '';
  };
  const partRows = parts.map(({ part, forward, backward }) => {
    const operations = (flops.get(part) ?? 0) * batchSize;
    const rates = operations > 0 ? [rate(operations, forward), rate(2 * operations, backward)] : ['', ''];
    return [part, ms(forward), rates[0], ms(backward), rates[1], share(forward + backward)];
  });
  const kernelRows = kernels
    .slice(0, MOST_KERNELS)
    .map(({ kernel, count, ms: time }) => [kernel, `${count}`, ms(time), share(time)]);
  return [
    alignColumns([['part', 'forward ms', 'GFLOP/s', 'backward ms', 'GFLOP/s', 'share'], ...partRows], 1),
    '',
    alignColumns([['kernel', 'dispatches', 'ms', 'share'], ...kernelRows], 1),
    '',
    `GPU ${ms(gpuMs)} ms a step, host ${ms(hostMs)} ms to encode it, ${ms(dataMs)} ms waiting for images`,
    `GFLOP/s in brackets: share of the ${peakGflops.toFixed(1)} GFLOP/s that this adapter was measured to do at most`,
  ].join('\n');
}
