// The battery's third part: `bench kernels`, layer by layer.

import { openDevice } from '../../device/index.js';
import { BENCH_LAYERS, benchKernels, type KernelTiming, kernelTimingsTable } from '../bench_kernels.js';
import type { AdapterFlag } from '../options.js';
import { startProgress } from '../progress.js';
import type { BatteryPart } from './battery.js';
import { codeBlock } from './summary.js';

/** At least: on a software adapter a layer's kernels compile for some seconds, and every variant runs for a few rounds. */
const LEAST_SECONDS_A_LAYER = 10;

export function benchPart(choice: AdapterFlag): BatteryPart {
  const timings: KernelTiming[] = [];
  return {
    name: 'benchKernels',
    title: 'Kernel benchmark',
    leastSeconds: LEAST_SECONDS_A_LAYER,
    share: 0.6,
    async run({ secondsLeft, progressed }) {
      const device = await openDevice({ adapter: choice, warn: () => {} });
      const progress = startProgress(BENCH_LAYERS.length, 'layers');
      let done = 0;
      try {
        for (const layer of BENCH_LAYERS) {
          if (done > 0 && secondsLeft() < LEAST_SECONDS_A_LAYER) break;
          const budgetSeconds = secondsLeft() / (BENCH_LAYERS.length - done);
          const report = (line: string) => progress.update(done, line);
          timings.push(...(await benchKernels(device, { layers: [layer], budgetSeconds }, report)));
          done++;
          await progressed();
        }
      } finally {
        progress.stop();
        device.destroy();
      }
      const note = `${done} of ${BENCH_LAYERS.length} layers timed`;
      return { state: done === BENCH_LAYERS.length ? 'passed' : 'cut short', note };
    },
    data: () => timings,
    details: () => (timings.length > 0 ? codeBlock(kernelTimingsTable(timings)) : ''),
  };
}
