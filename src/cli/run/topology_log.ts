// Topology updates of an epoch in a few words, and a warning when they have changed nothing for long.

import type { TopologyEvent } from '../../train/index.js';

/** Updates in a row without a change before a run that should be dynamic is called static. */
const PATIENCE = 3;

export class TopologyLog {
  private readonly steps = new Set<number>();
  private active = 0;
  private grown = 0;
  /** Layers of the present update that have told of themselves, and what they have grown. */
  private told = { layers: 0, grown: 0 };
  /** Updates in a row that changed nothing. */
  private idle = 0;

  /** @param layers that change in an update: each tells of itself. */
  constructor(
    private readonly layers: number,
    private readonly warn: (message: string) => void,
  ) {}

  add(event: TopologyEvent): void {
    this.steps.add(event.step);
    this.active += event.nnz;
    this.grown += event.grown;
    this.told = { layers: this.told.layers + 1, grown: this.told.grown + event.grown };
    if (this.told.layers < this.layers) return;
    this.idle = this.told.grown > 0 ? 0 : this.idle + 1;
    this.told = { layers: 0, grown: 0 };
    if (this.idle !== PATIENCE) return;
    this.warn(
      `warning: step ${event.step + 1}: ${PATIENCE} topology updates in a row changed nothing: the training is static. The rule ` +
        'original drops only what shares a row or column of its block, block-norm only whole blocks that fit into the drop ' +
        'fraction; try --drop-rule column-norm or a larger --alpha',
    );
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
