// Start, pause, step, start over, open another run: what can be done follows from where the run is.

import type { Phase, State } from '../messages.js';
import { element } from './dom.js';
import { count } from './format.js';

export interface RunActions {
  start(): void;
  pause(): void;
  step(): void;
  /** @param step at which the run stands. */
  reset(step: number): void;
}

const START_LABELS: Readonly<Record<Phase, string>> = {
  opening: 'Start training',
  'no worker': 'Start training',
  'no device': 'Start training',
  empty: 'Start training',
  running: 'Pause',
  paused: 'Continue',
  finished: 'Finished',
};

export class RunControls {
  private readonly start = element('start', HTMLButtonElement);
  private readonly step = element('step', HTMLButtonElement);
  private readonly reset = element('reset', HTMLButtonElement);
  private readonly open = element('open', HTMLButtonElement);
  private readonly progress = element('progress', HTMLProgressElement);
  private readonly position = element('position', HTMLElement);
  private phase: Phase = 'opening';

  constructor(actions: RunActions) {
    this.start.addEventListener('click', () => (this.phase === 'running' ? actions.pause() : actions.start()));
    this.step.addEventListener('click', () => actions.step());
    this.reset.addEventListener('click', () => actions.reset(this.progress.value));
    this.show({ phase: 'opening', step: 0, totalSteps: 0 });
  }

  show({ phase, step, totalSteps }: State): void {
    this.phase = phase;
    const isIdle = phase === 'empty' || phase === 'paused';
    this.start.textContent = phase === 'paused' && step === 0 ? START_LABELS.empty : START_LABELS[phase];
    this.start.disabled = !(isIdle || phase === 'running');
    this.step.disabled = !isIdle;
    this.reset.disabled = step === 0;
    this.open.disabled = !(isIdle || phase === 'running' || phase === 'finished');
    this.progress.max = Math.max(totalSteps, 1);
    this.progress.value = step;
    this.position.textContent = positionText(phase, step, totalSteps);
  }
}

function positionText(phase: Phase, step: number, totalSteps: number): string {
  if (phase === 'opening') return 'Opening the GPU …';
  if (phase === 'no worker') return 'Not loaded';
  if (phase === 'no device') return 'No GPU to train on';
  if (phase === 'empty') return 'No run yet';
  return `Step ${count(step)} of ${count(totalSteps)}`;
}
