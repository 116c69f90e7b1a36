// The battery's third part: the adapter's peaks and `bench kernels`, layer by layer.

import { openDevice } from '../../device/index.js';
import { kernelTable } from '../bench/kernel_table.js';
import { benchKernels, type KernelRow } from '../bench/kernels.js';
import { SHORT_LAYERS } from '../bench/layers.js';
import { describePeaks, measurePeaks, type Peaks } from '../bench/peak.js';
import type { AdapterFlag } from '../options.js';
import { startProgress } from '../progress.js';
import type { BatteryPart } from './battery.js';
import { codeBlock } from './summary.js';

/** At least: on a software adapter a layer's kernels compile for some seconds, and every variant runs for a few rounds. */
const LEAST_SECONDS_A_LAYER = 10;

export function benchPart(choice: AdapterFlag): BatteryPart {
  const rows: KernelRow[] = [];
  let peaks: Peaks | undefined;
  return {
    name: 'benchKernels',
    title: 'Kernel benchmark',
    leastSeconds: LEAST_SECONDS_A_LAYER,
    share: 0.5,
    async run({ secondsLeft, progressed }) {
      const device = await openDevice({ adapter: choice, warn: () => {} });
      const progress = startProgress(SHORT_LAYERS.length, 'layers');
      let done = 0;
      try {
        peaks = await measurePeaks(device);
        for (const layer of SHORT_LAYERS) {
          if (done > 0 && secondsLeft() < LEAST_SECONDS_A_LAYER) break;
          const budgetSeconds = secondsLeft() / (SHORT_LAYERS.length - done);
          const report = (_: number, note: string) => progress.update(done, note);
          rows.push(...(await benchKernels(device, { layers: [layer], budgetSeconds, peaks }, report)));
          done++;
          await progressed();
        }
      } finally {
        progress.stop();
        device.destroy();
      }
      const note = `${done} of ${SHORT_LAYERS.length} layers timed`;
      return { state: done === SHORT_LAYERS.length ? 'passed' : 'cut short', note };
    },
    data: () => ({ peaks, rows }),
    details: () =>
      codeBlock([peaks && describePeaks(peaks), rows.length > 0 && kernelTable(rows)].filter(Boolean).join('\n\n')),
  };
}
