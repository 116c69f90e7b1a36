// The run that the settings describe, made as soon as they change, so that its layers are seen before it trains. Once it has trained a
// step, the settings are what they were.

import type { RunConfig } from '../../src/train/index.js';
import type { Phase, State } from '../messages.js';

/** What the form says. */
export interface Choice {
  readonly config: RunConfig;
  /** The data set's; none for the digits of the page. */
  readonly files: readonly File[];
}

/** The form in which settings are chosen. */
export interface SettingsForm {
  /** Whether every field is filled in as it should be. */
  readonly isComplete: boolean;
  /** Why nothing in it can be changed now, for the visitor to read; empty where all can. */
  lock: string;
  /** @returns undefined, with the field in question shown, if the form is not complete. */
  read(): Choice | undefined;
  /** Shows the settings of a run. */
  show(config: RunConfig): void;
}

const HAS_BEGUN = 'These are the settings of this run. Start over to change them.';
const LOCKS: Readonly<Partial<Record<Phase, string>>> = {
  'no worker': 'Nothing can be set up: what trains could not be loaded.',
  'no device': 'Nothing can be set up: there is no GPU to train on.',
  running: HAS_BEGUN,
};

/** Milliseconds without a change, after which the run is made. */
const PATIENCE_MS = 300;

export class Plan {
  /** Whether the settings describe another run than there is. */
  private isStale = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private phase: Phase = 'opening';
  /** Of the run that there is. */
  private config: RunConfig | undefined;

  /** @param prepare asks for a run. */
  constructor(
    private readonly settings: SettingsForm,
    private readonly prepare: (choice: Choice) => void,
  ) {}

  change(): void {
    this.isStale = true;
    clearTimeout(this.timer);
    // The settings are asked for once it is known that there is a GPU.
    if (this.phase === 'opening') return;
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

  /** A run is there. What the visitor has changed since it was asked for stays, and becomes the next one. */
  begin(config: RunConfig): void {
    this.config = config;
    if (!this.isStale) this.settings.show(config);
  }

  follow({ phase, step }: State): void {
    const isNowEmpty = phase === 'empty' && this.phase !== 'empty';
    this.phase = phase;
    this.settings.lock = LOCKS[phase] ?? (step > 0 ? HAS_BEGUN : '');
    if (step > 0 && this.isStale) this.giveUp();
    if (!isNowEmpty) return;
    this.isStale = true;
    this.settle();
  }

  /** It is too late for another run: the settings are those of the one that has trained. */
  private giveUp(): void {
    clearTimeout(this.timer);
    this.isStale = false;
    if (this.config) this.settings.show(this.config);
  }
}
