// When a topology is updated and how much of it may change: apart from what is dropped and grown. Cosine: Dettmers and
// Zettlemoyer (2019); constant and inverse power: Evci et al. (ICML 2020), appendix G.

import { InputError } from '../host/input_error.js';
import { checkFraction } from './checks.js';

export type ScheduleShape = 'cosine' | 'constant' | 'inverse-power';

export interface UpdateScheduleOptions {
  /** Steps between updates (T). */
  readonly updateInterval: number;
  /** No updates from this step on (T_end). */
  readonly endStep: number;
  /** No updates before this step; the drop fraction starts to fall here. Default 0. */
  readonly beginStep?: number;
  /** Step at which the drop fraction would reach 0. Default `endStep`. */
  readonly decayEndStep?: number;
  /** Drop fraction at `beginStep` (alpha), in [0, 1]. */
  readonly initialFraction?: number;
  /** Default 'cosine'. */
  readonly shape?: ScheduleShape;
  /** Exponent of 'inverse-power', default 3. */
  readonly power?: number;
}

/** Share of the initial fraction left at `progress` = (step - beginStep) / (decayEndStep - beginStep) in [0, 1). */
const shapes: Record<ScheduleShape, (progress: number, power: number) => number> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  constant: () => 1,
  'inverse-power': (progress, power) => (1 - progress) ** power,
};

export class UpdateSchedule {
  readonly updateInterval: number;
  readonly endStep: number;
  readonly beginStep: number;
  readonly decayEndStep: number;
  readonly initialFraction: number;
  readonly shape: ScheduleShape;
  readonly power: number;

  /**
   * @throws InputError on an interval that is not a positive integer, a step below 0, a fraction outside [0, 1], an unknown shape.
   */
  constructor(options: UpdateScheduleOptions) {
    const { updateInterval, endStep, beginStep = 0, decayEndStep = endStep } = options;
    const { initialFraction = 0.3, shape = 'cosine', power = 3 } = options;
    if (!Number.isInteger(updateInterval) || updateInterval <= 0) {
      throw new InputError(`UpdateSchedule: expected updateInterval a positive integer, got ${updateInterval}`);
    }
    for (const [name, step] of Object.entries({ endStep, beginStep, decayEndStep })) {
      if (!(step >= 0)) throw new InputError(`UpdateSchedule: expected ${name} at least 0, got ${step}`);
    }
    checkFraction('UpdateSchedule', 'initialFraction', initialFraction);
    if (!Object.hasOwn(shapes, shape)) {
      throw new InputError(`UpdateSchedule: expected shape ${Object.keys(shapes).join(' | ')}, got ${shape}`);
    }
    if (!(power >= 0)) throw new InputError(`UpdateSchedule: expected power at least 0, got ${power}`);
    this.updateInterval = updateInterval;
    this.endStep = endStep;
    this.beginStep = beginStep;
    this.decayEndStep = decayEndStep;
    this.initialFraction = initialFraction;
    this.shape = shape;
    this.power = power;
  }

  /** Whether an update follows the optimizer's step number `step`, counted from 0: the first after `updateInterval` steps. */
  isUpdateStep(step: number): boolean {
    return this.nextUpdate(step) === step;
  }

  /** The first update step at or after `step`; none if that would be at `endStep` or later. */
  nextUpdate(step: number): number | undefined {
    const from = Math.max(step, this.beginStep);
    const update = (Math.floor(from / this.updateInterval) + 1) * this.updateInterval - 1;
    return update < this.endStep ? update : undefined;
  }

  /** Drop fraction at `step`; 0 from endStep on. */
  dropFraction(step: number): number {
    if (step >= Math.min(this.endStep, this.decayEndStep)) return 0;
    const progress = Math.max(0, step - this.beginStep) / (this.decayEndStep - this.beginStep);
    return this.initialFraction * shapes[this.shape](progress, this.power);
  }
}
