// When a topology is updated and how much of it may change: apart from what is dropped and grown. Cosine: Dettmers and
// Zettlemoyer (2019); constant and inverse power: Evci et al. (ICML 2020), appendix G.

import { InputError } from '../device/errors.js';
import { checkFraction } from './checks.js';

export type ScheduleShape = 'cosine' | 'constant' | 'inverse-power';

export interface UpdateScheduleOptions {
  /** Steps between updates (T). */
  readonly updateInterval: number;
  /** No updates from this step on (T_end). */
  readonly endStep: number;
  /** Drop fraction at step 0 (alpha), in [0, 1]. */
  readonly initialFraction?: number;
  /** Default 'cosine'. */
  readonly shape?: ScheduleShape;
  /** Exponent of 'inverse-power', default 3. */
  readonly power?: number;
}

/** Share of the initial fraction left at `progress` = step/endStep in [0, 1). */
const shapes: Record<ScheduleShape, (progress: number, power: number) => number> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  constant: () => 1,
  'inverse-power': (progress, power) => (1 - progress) ** power,
};

export class UpdateSchedule {
  readonly updateInterval: number;
  readonly endStep: number;
  readonly initialFraction: number;
  readonly shape: ScheduleShape;
  readonly power: number;

  /** @throws InputError on an interval that is not a positive integer, a fraction outside [0, 1], an unknown shape. */
  constructor(options: UpdateScheduleOptions) {
    const { updateInterval, endStep, initialFraction = 0.3, shape = 'cosine', power = 3 } = options;
    if (!Number.isInteger(updateInterval) || updateInterval <= 0) {
      throw new InputError(`UpdateSchedule: expected updateInterval a positive integer, got ${updateInterval}`);
    }
    if (!(endStep >= 0)) throw new InputError(`UpdateSchedule: expected endStep at least 0, got ${endStep}`);
    checkFraction('UpdateSchedule', 'initialFraction', initialFraction);
    if (!Object.hasOwn(shapes, shape)) {
      throw new InputError(`UpdateSchedule: expected shape ${Object.keys(shapes).join(' | ')}, got ${shape}`);
    }
    if (!(power >= 0)) throw new InputError(`UpdateSchedule: expected power at least 0, got ${power}`);
    this.updateInterval = updateInterval;
    this.endStep = endStep;
    this.initialFraction = initialFraction;
    this.shape = shape;
    this.power = power;
  }

  /** Whether an update follows the optimizer's step number `step`, counted from 0: the first after `updateInterval` steps. */
  isUpdateStep(step: number): boolean {
    return step < this.endStep && (step + 1) % this.updateInterval === 0;
  }

  /** Drop fraction at `step`; 0 from endStep on. */
  dropFraction(step: number): number {
    if (step >= this.endStep) return 0;
    return this.initialFraction * shapes[this.shape](step / this.endStep, this.power);
  }
}
