// Numbers of the runs: tiles of the one that is looked at, and all that are shown, side by side.

import { make } from '../page/dom.js';
import { count, percent, threeDigits } from '../page/format.js';
import { fillTable } from '../page/tables.js';
import type { RunData } from './run_data.js';
import { describeMethod } from './run_list.js';

export function showTiles(list: HTMLElement, run: RunData | undefined): void {
  const { step = 0, epoch } = run?.position ?? {};
  const { epochs } = run?.entry.config ?? {};
  const done = epoch === undefined ? 0 : epoch + 1;
  const rate = (1000 * (run?.entry.config?.batchSize ?? Number.NaN)) / (run?.ms ?? Number.NaN);
  const best = run && Number.isFinite(run.testAccuracy) ? `best ${percent(run.bestAccuracy, 2)}` : 'after an epoch';
  const tiles: [string, string, string][] = [
    ['Test accuracy', percent(run?.testAccuracy ?? Number.NaN, 2), best],
    ['Training loss', threeDigits(run?.loss ?? Number.NaN), 'running mean'],
    ['Steps', run ? count(step) : '–', epochs === undefined ? '' : `${done} of ${epochs} epochs`],
    ['Time a step', `${threeDigits(run?.ms ?? Number.NaN)} ms`, `${threeDigits(rate)} images a second`],
  ];
  list.replaceChildren(
    ...tiles.map(([name, value, note]) => {
      return make('div', {}, make('dt', {}, name), make('dd', {}, value), make('dd', { class: 'help' }, note));
    }),
  );
}

export function showComparison(table: HTMLTableElement, runs: readonly RunData[]): void {
  const names = ['Run', 'Method', 'Steps', 'Training loss', 'Test accuracy', 'Best', 'Sparsity', 'ms a step', 'State'];
  const rows = runs.map((run) => [
    run.entry.name,
    run.entry.config ? describeMethod(run.entry.config) : '–',
    count(run.position.step ?? 0),
    threeDigits(run.loss),
    percent(run.testAccuracy, 2),
    percent(run.bestAccuracy, 2),
    percent(run.sparsity),
    threeDigits(run.ms),
    run.state,
  ]);
  fillTable(table, 'The runs compared', names, rows);
}
