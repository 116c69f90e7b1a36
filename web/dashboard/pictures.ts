// The weights of the run that is looked at, from its last checkpoint: shown anew whenever it saves one.

import type { LayerEntry } from '../../src/dashboard/messages.js';
import { element } from '../page/dom.js';
import { count } from '../page/format.js';
import { WeightsView } from '../page/weights_view.js';
import { fetchLayers, fetchWeight } from './api.js';
import { pictureOf } from './picture.js';
import type { RunData } from './run_data.js';

export class Pictures {
  private readonly view = new WeightsView((layer) => void this.fetch(layer), 'Since the checkpoint before, updates');
  private readonly placeholder = element('weights-placeholder', HTMLElement);
  private readonly step = element('weights-step', HTMLElement);
  private run = '';
  private checkpoint: string | undefined;
  private layers: readonly LayerEntry[] = [];
  private layer = '';

  /** Looks at a run, or again at the same; nothing is fetched unless its checkpoint is another. */
  async follow(run: RunData | undefined): Promise<void> {
    const { name = '', checkpoint } = run?.entry ?? {};
    const isSameRun = name === this.run;
    if (isSameRun && checkpoint === this.checkpoint) return;
    this.run = name;
    this.checkpoint = checkpoint;
    if (!run) {
      this.say('The weights of a run that is chosen.');
      return;
    }
    if (checkpoint === undefined) {
      this.say('The weights of the run are shown from its first checkpoint on: after an epoch, or ten minutes.');
      return;
    }
    await this.attempt(name, async () => {
      const { layers, step } = await fetchLayers(name);
      if (name !== this.run) return;
      this.step.textContent = `as of step ${count(step)}`;
      const isSameNetwork = isSameRun && shapes(layers) === shapes(this.layers);
      this.layers = layers;
      if (!isSameNetwork) {
        this.view.begin(layers);
        return;
      }
      this.view.refresh(layers);
      await this.fetch(this.layer);
    });
  }

  redraw(): void {
    this.view.redraw();
  }

  private async fetch(layer: string): Promise<void> {
    this.layer = layer;
    const { run } = this;
    const entry = this.layers.find(({ name }) => name === layer)!;
    await this.attempt(run, async () => {
      const picture = pictureOf(await fetchWeight(run, layer), entry);
      if (run === this.run && layer === this.layer) this.view.show(picture);
    });
  }

  /** What cannot be shown says why, in the place of the pictures. */
  private async attempt(run: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (run === this.run) this.say((error as Error).message);
    }
  }

  private say(text: string): void {
    this.layers = [];
    this.view.clear();
    this.step.textContent = '';
    this.placeholder.textContent = text;
  }
}

function shapes(layers: readonly LayerEntry[]): string {
  return JSON.stringify(layers.map(({ name, shape }) => [name, shape]));
}
