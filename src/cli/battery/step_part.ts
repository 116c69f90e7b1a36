// The battery's fourth part: `bench step` in short.

import { openDevice } from '../../device/index.js';
import type { ActivationType } from '../../tensor/index.js';
import type { MethodName } from '../../train/index.js';
import { benchSteps, type StepRow } from '../bench/step.js';
import { stepTable } from '../bench/step_table.js';
import { stepVariants } from '../bench/step_variants.js';
import { startProgress } from '../progress.js';
import { useKnownTilings } from '../train/autotune.js';
import type { BatteryAdapter, BatteryPart } from './battery.js';
import { codeBlock } from './summary.js';

interface Step {
  readonly model: string;
  readonly methods?: readonly MethodName[];
  readonly precisions?: readonly ActivationType[];
  readonly leastSeconds: number;
}

/** The short one first; each with the seconds below which its turn is not worth starting on a software adapter. */
const STEPS: readonly Step[] = [
  { model: 'lenet5', leastSeconds: 15 },
  { model: 'wrn-22-2', methods: ['dense', 'dsb'], leastSeconds: 30 },
];

/** Where the adapter has f16. */
const HALF_STEPS: readonly Step[] = [
  { model: 'wrn-22-2', methods: ['dense', 'dsb'], precisions: ['f16'], leastSeconds: 30 },
];

/** On software adapters; a step of the usual batch would take seconds. */
const SOFTWARE_BATCH = 8;

export function stepPart(adapter: BatteryAdapter): BatteryPart {
  const rows: StepRow[] = [];
  return {
    name: 'benchStep',
    title: 'Step benchmark',
    leastSeconds: STEPS[0].leastSeconds,
    share: 0.5,
    async run({ secondsLeft, progressed }) {
      const device = await openDevice({ ...adapter, warn: () => {} });
      const steps = device.has('shader-f16') ? [...STEPS, ...HALF_STEPS] : STEPS;
      const progress = startProgress(steps.length, 'models');
      let done = 0;
      let tilings = 0;
      try {
        tilings = await useKnownTilings(device);
        for (const { model, methods, precisions, leastSeconds } of steps) {
          if (secondsLeft() < leastSeconds) break;
          const report = (note: string) => progress.update(done, note);
          const { isSoftware } = device.info;
          const batchSize = isSoftware && model !== 'lenet5' ? SOFTWARE_BATCH : undefined;
          const seconds = secondsLeft() / (steps.length - done);
          const variants = stepVariants(model, { methods, precisions, batchSize, isSoftware });
          rows.push(...(await benchSteps(device, variants, { seconds, report })));
          done++;
          await progressed();
        }
      } finally {
        progress.stop();
        device.destroy();
      }
      const known = tilings > 0 ? `, ${tilings} tilings known from measurements` : '';
      const note = `${done} of ${steps.length} models timed${known}`;
      return { state: done === steps.length ? 'passed' : 'cut short', note };
    },
    data: () => rows,
    details: () => (rows.length > 0 ? codeBlock(stepTable(rows)) : ''),
  };
}
