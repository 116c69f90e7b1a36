// The run that the settings describe, made as soon as they change, so that its layers are seen before it trains. Once it has trained a
// step, the settings are what they were.

import type { Phase, State } from '../messages.js';
import type { Choice, Settings } from './settings.js';

/** Milliseconds without a change, after which the run is made. */
const PATIENCE_MS = 300;

export class Plan {
  /** Whether the settings describe another run than there is. */
  private isStale = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private phase: Phase = 'opening';

  /** @param prepare asks for a run. */
  constructor(
    private readonly settings: Settings,
    private readonly prepare: (choice: Choice) => void,
  ) {}

  change(): void {
    this.isStale = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settings.isComplete && this.settle(), PATIENCE_MS);
  }

  /** Asks for the run of the settings, unless it is there. @returns false if the settings are not complete. */
  settle(): boolean {
    clearTimeout(this.timer);
    if (!this.isStale) return true;
    const choice = this.settings.read();
    if (!choice) return false;
    this.isStale = false;
    this.prepare(choice);
    return true;
  }

  follow({ phase, step }: State): void {
    const isNowEmpty = phase === 'empty' && this.phase !== 'empty';
    this.phase = phase;
    this.settings.isLocked = phase === 'running' || step > 0;
    if (step > 0) this.isStale = false;
    if (!isNowEmpty) return;
    this.isStale = true;
    this.settle();
  }
}
