// The battery's third part: the adapter's peaks and `bench kernels`, layer by layer; in half precision too where there are matrix units.

import { openDevice } from '../../device/index.js';
import { hasMatrixUnits } from '../../shaders/index.js';
import type { ActivationType } from '../../tensor/index.js';
import { PRECISIONS } from '../../train/index.js';
import { kernelTable } from '../bench/kernel_table.js';
import { benchKernels, type KernelRow } from '../bench/kernels.js';
import { SHORT_LAYERS, withBatch } from '../bench/layers.js';
import { describePeaks, measurePeaks, type Peaks } from '../bench/peak.js';
import { startProgress } from '../progress.js';
import type { BatteryAdapter, BatteryPart } from './battery.js';
import { codeBlock } from './summary.js';

/** At least: on a software adapter a layer's kernels compile for some seconds, and every variant runs for a few rounds. */
const LEAST_SECONDS_A_LAYER = 10;

export function benchPart(adapter: BatteryAdapter): BatteryPart {
  const rows: KernelRow[] = [];
  let peaks: Peaks | undefined;
  return {
    name: 'benchKernels',
    title: 'Kernel benchmark',
    leastSeconds: LEAST_SECONDS_A_LAYER,
    share: 0.5,
    async run({ secondsLeft, progressed }) {
      const device = await openDevice({ ...adapter, warn: () => {} });
      const precisions = hasMatrixUnits(device) ? PRECISIONS : (['f32'] as const);
      const tasks = precisions.flatMap((precision) =>
        withBatch(SHORT_LAYERS, device).map((layer) => ({ layer, precision })),
      );
      const progress = startProgress(tasks.length, 'layers');
      let done = 0;
      try {
        peaks = await measurePeaks(device);
        for (const { layer, precision } of tasks) {
          if (done > 0 && secondsLeft() < LEAST_SECONDS_A_LAYER) break;
          const budgetSeconds = secondsLeft() / (tasks.length - done);
          const report = (_: number, note: string) => progress.update(done, note);
          rows.push(...(await benchKernels(device, { layers: [layer], precision, budgetSeconds, peaks }, report)));
          done++;
          await progressed();
        }
      } finally {
        progress.stop();
        device.destroy();
      }
      const note = `${done} of ${tasks.length} layers timed`;
      return { state: done === tasks.length ? 'passed' : 'cut short', note };
    },
    data: () => ({ peaks, rows }),
    details: () =>
      codeBlock(
        [peaks && describePeaks(peaks), ...PRECISIONS.map((one) => tableOf(rows, one))].filter(Boolean).join('\n\n'),
      ),
  };
}

function tableOf(all: readonly KernelRow[], precision: ActivationType): string {
  const rows = all.filter((row) => row.precision === precision);
  return rows.length === 0 ? '' : `${precision}\n\n${kernelTable(rows)}`;
}
