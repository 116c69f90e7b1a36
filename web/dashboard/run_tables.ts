// Numbers of the runs: tiles of the one that is looked at, and all that are shown, side by side.

import { evaluatedOn } from '../../src/train/config/evaluated_on.js';
import { count, IMAGES_LABELS, milliseconds, percent, threeDigits } from '../page/format.js';
import { RECENT } from '../page/median.js';
import { fillTable, fillTiles } from '../page/tables.js';
import type { RunData } from './run_data.js';
import { describeMethod } from './run_list.js';

export function showTiles(list: HTMLElement, run: RunData | undefined): void {
  if (!run) {
    list.replaceChildren();
    return;
  }
  const { testAccuracy, bestAccuracy, loss, ms, imagesPerSecond } = run;
  const { step = 0, epoch = -1 } = run.position;
  const { epochs } = run.entry.config ?? {};
  const rate = Number.isFinite(imagesPerSecond) ? `${threeDigits(imagesPerSecond)} images a second, ` : '';
  const best = Number.isFinite(testAccuracy) ? `best ${percent(bestAccuracy, 2)}` : 'after an epoch';
  fillTiles(list, [
    [`${IMAGES_LABELS[evaluatedOn(run.entry.config)]} accuracy`, percent(testAccuracy, 2), best],
    ['Training loss', threeDigits(loss), 'running mean'],
    ['Steps', count(step), epochs === undefined ? '' : `${epoch + 1} of ${epochs} epochs`],
    ['Time a step', milliseconds(ms), `${rate}median of the last ${RECENT}`],
  ]);
}

export function showComparison(table: HTMLTableElement, runs: readonly RunData[]): void {
  const evaluated = new Set(runs.map(({ entry }) => IMAGES_LABELS[evaluatedOn(entry.config)]));
  // Runs that were evaluated on other images say so in their own row.
  const isMixed = evaluated.size > 1;
  const [images = IMAGES_LABELS.test] = evaluated;
  const accuracy = isMixed ? 'Accuracy' : `${images} accuracy`;
  const note = ({ entry }: RunData) => (isMixed ? ` (${evaluatedOn(entry.config)})` : '');
  const names = ['Run', 'Method', 'Steps', 'Training loss', accuracy, 'Best', 'Sparsity', 'ms a step', 'State'];
  const rows = runs.map((run) => [
    run.entry.name,
    run.entry.config ? describeMethod(run.entry.config) : '–',
    count(run.position.step ?? 0),
    threeDigits(run.loss),
    percent(run.testAccuracy, 2) + note(run),
    percent(run.bestAccuracy, 2),
    percent(run.sparsity),
    threeDigits(run.ms),
    run.state,
  ]);
  fillTable(table, 'The runs compared', names, rows);
}
