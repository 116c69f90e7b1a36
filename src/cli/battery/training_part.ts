// The battery's last parts: short trainings with DSB on the packaged digits. They pass if the loss falls.

import { loadDataset } from '../../data/index.node.js';
import { type AdapterChoice, openDevice } from '../../device/index.js';
import { createTrainer, defaultConfig, type EpochEvent, type RunConfig, type StepEvent } from '../../train/index.js';
import { median } from '../bench/timing.js';
import { startProgress } from '../progress.js';
import type { BatteryPart, PartResult } from './battery.js';
import { table } from './summary.js';

export interface ShortTraining {
  readonly config: RunConfig;
  /** Below which it is not worth starting: about what a software adapter takes. */
  readonly leastSeconds: number;
}

/** One epoch, with a topology update every 25 steps. */
export const LENET: ShortTraining = {
  config: { ...defaultConfig('mnist'), epochs: 1, logEvery: 5 },
  leastSeconds: 20,
};

/** The smallest network with residual blocks and batch normalisation. */
export const WIDE_RESNET: ShortTraining = {
  config: {
    ...defaultConfig('mnist'),
    model: 'wrn-10-2',
    batchSize: 32,
    updateInterval: 10,
    epochs: 1,
    maxSteps: 40,
    limitTest: 512,
    logEvery: 2,
  },
  leastSeconds: 60,
};

export function trainingPart(choice: AdapterChoice, { config, leastSeconds }: ShortTraining): BatteryPart {
  const steps: StepEvent[] = [];
  const epochs: EpochEvent[] = [];
  return {
    name: `training ${config.model}`,
    title: `Training of ${config.model} with ${config.method.toUpperCase()}`,
    leastSeconds,
    share: 1,
    async run({ isOver, progressed }) {
      const { limitTrain: train, limitTest: test } = config;
      const dataset = await loadDataset(config.dataSet, { limit: { train, test } });
      const device = await openDevice({ adapter: choice, warn: () => {} });
      try {
        const trainer = await createTrainer(device, config, dataset);
        const progress = startProgress(trainer.totalSteps, 'steps');
        try {
          for await (const event of trainer.run()) {
            if (event.type === 'step') {
              steps.push(event);
              progress.update(event.step + 1, `loss ${event.loss.toFixed(4)}, ${event.ms.toFixed(1)} ms a step`);
            }
            if (event.type === 'epoch') epochs.push(event);
            await progressed();
            if (isOver()) break;
          }
        } finally {
          progress.stop();
        }
        return trainingResult(steps, epochs, trainer.totalSteps);
      } finally {
        device.destroy();
      }
    },
    data: () => ({ config, steps, epochs }),
    details: () => (steps.length > 0 ? curve(steps) : ''),
  };
}

/** Step lines below which nothing is said of the loss. */
const LEAST_LINES = 4;

/** A whole run passes if its loss fell from the first quarter of the step lines to the last one. */
export function trainingResult(
  steps: readonly StepEvent[],
  epochs: readonly EpochEvent[],
  totalSteps: number,
): PartResult {
  const done = (steps.at(-1)?.step ?? -1) + 1;
  const reached = `${done} of ${totalSteps} steps`;
  if (steps.length < LEAST_LINES) return { state: 'cut short', note: `${reached}, too few to judge` };
  const quarter = Math.floor(steps.length / 4);
  const first = meanLoss(steps.slice(0, quarter));
  const last = meanLoss(steps.slice(-quarter));
  const accuracy = epochs.length > 0 ? `, test accuracy ${(100 * epochs.at(-1)!.testAccuracy).toFixed(1)}%` : '';
  const ms = median(steps.map((step) => step.ms));
  const note = `loss ${first.toFixed(3)} to ${last.toFixed(3)} in ${reached}${accuracy}, ${ms.toFixed(1)} ms a step`;
  if (done < totalSteps) return { state: 'cut short', note };
  return last < first ? { state: 'passed', note } : { state: 'failed', note: `${note}: the loss did not fall` };
}

function meanLoss(steps: readonly StepEvent[]): number {
  return steps.reduce((sum, step) => sum + step.loss, 0) / steps.length;
}

const CURVE_ROWS = 12;

/** Some of the step lines, the first and the last among them. */
function curve(steps: readonly StepEvent[]): string {
  const rows = Math.min(CURVE_ROWS, steps.length);
  const places = Array.from({ length: rows }, (_, i) => Math.round((i * (steps.length - 1)) / Math.max(1, rows - 1)));
  return table(
    ['step', 'loss', 'ms a step'],
    places.map((i) => [`${steps[i].step + 1}`, steps[i].loss.toFixed(4), steps[i].ms.toFixed(1)]),
  );
}
