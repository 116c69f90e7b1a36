// A tab that is not looked at: the worker keeps the run, since a browser may end such a tab, and goes on for as long as it may. Who
// comes back is told what happened meanwhile.

import type { State } from '../messages.js';
import { count } from './format.js';

/** Shorter absences go without saying. */
const LEAST_MS = 3000;

export class Absence {
  private state: State | undefined;
  private left: { readonly step: number; readonly time: number } | undefined;

  /** @param onLeave called when the tab is hidden, @param onReturn with what there is to tell. */
  constructor(onLeave: () => void, onReturn: (text: string) => void) {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        onLeave();
        const isRunning = this.state?.phase === 'running';
        this.left = isRunning ? { step: this.state!.step, time: performance.now() } : undefined;
      } else if (this.left && performance.now() - this.left.time > LEAST_MS) {
        onReturn(this.describe(this.left.step));
      }
    });
  }

  follow(state: State): void {
    this.state = state;
  }

  private describe(from: number): string {
    const steps = (this.state?.step ?? from) - from;
    if (steps > 0) return `While this tab was hidden, the run went on for ${count(steps)} steps.`;
    return 'While this tab was hidden, the browser held the run back; it goes on now.';
  }
}
