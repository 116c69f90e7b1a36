// Tells screen readers what happens, in few words: each epoch, and when training stops or goes on.

import type { EvaluatedOn } from '../../src/train/index.js';
import type { Line, Phase, State } from '../messages.js';
import { percent } from './format.js';

const WORDS: Readonly<Partial<Record<Phase, string>>> = { running: 'Training', paused: 'Paused', finished: 'Finished' };

export class Announcer {
  private phase: Phase | undefined;

  /** @param region a live region that is not seen. */
  constructor(private readonly region: HTMLElement) {}

  state({ phase, step, totalSteps }: State): void {
    if (phase === this.phase) return;
    this.phase = phase;
    const word = WORDS[phase];
    if (word) this.region.textContent = `${word} at step ${step} of ${totalSteps}`;
  }

  lines(lines: readonly Line[], images: EvaluatedOn): void {
    for (const line of lines) {
      if (line.type !== 'epoch') continue;
      this.region.textContent = `Epoch ${line.epoch + 1}: ${images} accuracy ${percent(line.testAccuracy)}`;
    }
  }
}
