// The layers of the network, one to be chosen: name, shape, and how much of each is kept.

import type { LayerFacts } from '../messages.js';
import { focusedValue, focusInput, make, replaceInputs } from './dom.js';
import { percent } from './format.js';

export class LayerList {
  private left: string | undefined;

  /** @param onChoose called with the name of a layer that the visitor chooses. */
  constructor(
    private readonly list: HTMLElement,
    onChoose: (layer: string) => void,
  ) {
    list.addEventListener('change', ({ target }) => onChoose((target as HTMLInputElement).value));
  }

  /** Before the list is hidden, which takes the keyboard from it. If it has gone nowhere else, it comes back with the next list. */
  leave(): void {
    this.left = focusedValue(this.list);
  }

  show(layers: readonly LayerFacts[], chosen: string): void {
    replaceInputs(
      this.list,
      ...layers.map((layer) => {
        const input = make('input', { type: 'radio', name: 'layer', value: layer.name });
        input.checked = layer.name === chosen;
        return make('label', { class: 'layer' }, input, ...description(layer));
      }),
    );
    if (document.activeElement === document.body) focusInput(this.list, this.left);
    this.left = undefined;
  }
}

function description({ name, shape, pattern, active, size }: LayerFacts): HTMLElement[] {
  const bar = make('span', { class: 'density', 'aria-hidden': 'true' }, make('span'));
  (bar.firstChild as HTMLElement).style.width = percent(active / size);
  return [
    make('span', { class: 'layer-name' }, name),
    make('span', { class: 'muted' }, `${shape.join(' × ')}, ${pattern}`),
    bar,
    make('span', { class: 'layer-share' }, percent(active / size)),
  ];
}

/** What to look at first: the layer with the most kept weights among those that are pruned. */
export function firstChoice(layers: readonly LayerFacts[]): string {
  const pruned = layers.filter(({ active, size }) => active < size);
  const [largest] = (pruned.length > 0 ? pruned : layers).toSorted((a, b) => b.active - a.active);
  return largest.name;
}
