// What the page is shown of the runs, beside the lines of their histories.

import type { Line, RunName, Tell } from '../messages.js';
import { pictureOf } from './pictures.js';
import { confusionOf } from './predictions.js';
import type { Run } from './run.js';
import type { Runs } from './runs.js';

/** Milliseconds between pictures of a layer whose topology does not change. */
const PICTURE_MS = 3000;

export class Shows {
  /** The layer that is pictured. */
  watched = '';
  private pictureTime = 0;
  /** Runs whose operations have been told. */
  private readonly counted = new WeakSet<Run>();

  constructor(private readonly tell: Tell) {}

  /** All of runs that the page does not know. */
  async everything(runs: Runs): Promise<void> {
    for (const [name, run] of runs.entries()) {
      this.tell({ type: 'begin', run: name, facts: runs.facts(name) });
      this.tell({ type: 'lines', run: name, lines: run.history });
    }
    if (runs.main.step > 0) await this.confusion(runs);
  }

  /** What takes time to find out, for a run that begins to train. */
  costs(runs: Runs, name: RunName, run: Run): void {
    if (this.counted.has(run)) return;
    this.counted.add(run);
    this.tell({ type: 'flops', run: name, flops: runs.flops(name) });
  }

  /** What changes with new lines of the main run. */
  async changes(runs: Runs, lines: readonly Line[]): Promise<void> {
    const isUpdate = lines.some(({ type }) => type === 'topology');
    if (isUpdate || performance.now() - this.pictureTime > PICTURE_MS) await this.picture(runs);
    if (lines.some(({ type }) => type === 'epoch')) await this.confusion(runs);
  }

  async picture({ main }: Runs): Promise<void> {
    const picture = await pictureOf(main.trainer.parts.model, this.watched);
    this.pictureTime = performance.now();
    if (picture) this.tell({ type: 'picture', picture }, [picture.weights.buffer]);
  }

  private async confusion({ main }: Runs): Promise<void> {
    this.tell({ type: 'confusion', step: main.step, counts: await confusionOf(main.trainer) });
  }
}
