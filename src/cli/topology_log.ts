// Topology updates of an epoch in a few words, and a warning when they have changed nothing for long.

import type { TopologyEvent } from '../train/index.js';

/** Updates in a row without a change before a run that should be dynamic is called static. */
const PATIENCE = 5;

export class TopologyLog {
  private readonly steps = new Set<number>();
  private active = 0;
  private grown = 0;
  private lastChange: number | undefined;
  private warned = false;
  private readonly idle = new Set<number>();

  constructor(private readonly warn: (message: string) => void) {}

  add(event: TopologyEvent): void {
    this.steps.add(event.step);
    this.active += event.nnz;
    this.grown += event.grown;
    if (event.grown > 0) {
      this.lastChange = event.step;
      this.idle.clear();
    } else if (event.step !== this.lastChange) {
      this.idle.add(event.step);
    }
    // Counted once an update is whole: its last layer may still change something.
    if (this.idle.size > PATIENCE && !this.warned) {
      this.warned = true;
      this.warn(
        `warning: ${PATIENCE} topology updates in a row changed nothing: the training is static. The drop rule may find no ` +
          'candidates that share rows or columns; try --drop-rule column-norm',
      );
    }
  }

  /** What happened since the last call, to end an epoch's line with. */
  endEpoch(): string {
    const updates = this.steps.size;
    const share = this.active > 0 ? this.grown / this.active : 0;
    this.steps.clear();
    this.active = 0;
    this.grown = 0;
    if (updates === 0) return '';
    return `  ${updates} topology update${updates > 1 ? 's' : ''}, ${(100 * share).toFixed(1)}% of weights moved at each`;
  }
}
