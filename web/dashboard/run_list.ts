// The runs of the folder: which are shown, each in its colour.

import type { RunConfig } from '../../src/train/index.js';
import { element, make, replaceInputs } from '../page/dom.js';
import { METHOD_LABELS } from '../page/format.js';
import type { RunData, RunState } from './run_data.js';

/** As many as there are colours that stay apart. */
export const MOST_SHOWN = 6;

const FULL = `${MOST_SHOWN} runs are shown, as many as colours can tell apart. Take one away to choose another.`;
const WORDS: Readonly<Record<RunState, string>> = { training: 'training', finished: 'finished', stopped: 'stopped' };

export class RunList {
  /** The list as it is drawn: it is drawn again only when that changes, so that it can be used meanwhile. */
  private drawn = '';
  private readonly note = element('runs-full', HTMLElement);

  /** @param onChoose called with a run that is to be shown, or no longer. */
  constructor(
    private readonly list: HTMLElement,
    onChoose: (name: string, isShown: boolean) => void,
  ) {
    list.addEventListener('change', ({ target }) => {
      const { value, checked } = target as HTMLInputElement;
      onChoose(value, checked);
    });
  }

  /** @param colours tokens of the runs that are shown, by name. */
  show(runs: readonly RunData[], colours: ReadonlyMap<string, string>): void {
    const isFull = colours.size >= MOST_SHOWN;
    const rows = runs.map((run) => {
      const { name, config, problem } = run.entry;
      const state = run.entry.isLive || colours.has(name) ? WORDS[run.state] : '';
      return { name, state, note: config ? describe(config) : (problem ?? ''), colour: colours.get(name) ?? '' };
    });
    const text = JSON.stringify([rows, isFull]);
    if (text === this.drawn) return;
    this.drawn = text;
    this.note.textContent = isFull && runs.length > MOST_SHOWN ? FULL : '';
    replaceInputs(
      this.list,
      ...rows.map(({ name, state, note, colour }) => {
        const input = make('input', { type: 'checkbox', value: name });
        input.checked = colour !== '';
        input.disabled = isFull && !input.checked;
        const swatch = make('span', { class: 'swatch', 'aria-hidden': 'true' });
        if (colour !== '') swatch.style.background = `var(${colour})`;
        const head = make('span', { class: 'run-name' }, swatch, name);
        const mark = make('span', { class: 'run-state', 'data-state': state }, state);
        return make('label', { class: 'run' }, input, head, mark, make('span', { class: 'muted run-note' }, note));
      }),
    );
  }
}

function describe(config: RunConfig): string {
  return `${config.model} on ${config.dataSet}, ${describeMethod(config)}`;
}

/** `DSB at 0.9, blocks of 16`. */
export function describeMethod({ method, sparsity, blockSize }: RunConfig): string {
  const blocks = method === 'dsb' || method === 'ssb' ? `, blocks of ${blockSize}` : '';
  return method === 'dense' ? method : `${METHOD_LABELS[method]} at ${sparsity}${blocks}`;
}
