// Numbers in words and tables: the tiles at the top, the epochs, and the two runs side by side.

import { type EvaluatedOn, evaluatedOn } from '../../src/train/config/evaluated_on.js';
import type { RunName } from '../messages.js';
import { make } from './dom.js';
import { count, decimals, IMAGES_LABELS, METHOD_LABELS, milliseconds, percent, threeDigits } from './format.js';
import { RECENT } from './median.js';
import type { RunRecord } from './run_record.js';
import type { EpochRow } from './series.js';

type Runs = ReadonlyMap<RunName, RunRecord>;

export function showTiles(list: HTMLElement, run: RunRecord | undefined): void {
  const { series, testAccuracy = Number.NaN, ms = Number.NaN } = run ?? {};
  const images = IMAGES_LABELS[evaluatedOn(run?.facts.config)];
  fillTiles(list, [
    [`${images} accuracy`, percent(testAccuracy), run && run.epochs.length === 0 ? 'after the first epoch' : ''],
    ['Training loss', threeDigits(series?.steps.smoothLoss.at(-1) ?? Number.NaN), 'running mean'],
    ['Weights kept', run ? count(run.activeWeights) : '–', run ? `of ${count(run.allWeights)}` : ''],
    ['Time a step', milliseconds(ms), `median of the last ${RECENT}`],
  ]);
}

/** @param tiles of a name, a value, and a note on it. */
export function fillTiles(list: HTMLElement, tiles: readonly (readonly [string, string, string])[]): void {
  list.replaceChildren(
    ...tiles.map(([name, value, note]) => {
      return make('div', {}, make('dt', {}, name), make('dd', {}, value), make('dd', { class: 'help' }, note));
    }),
  );
}

export function showEpochs(table: HTMLTableElement, epochs: readonly EpochRow[], evaluated: EvaluatedOn): void {
  const images = IMAGES_LABELS[evaluated];
  const ofImages = [`${images} loss`, `${images} accuracy`];
  const names = ['Epoch', 'Training loss', 'Training accuracy', ...ofImages, 'Sparsity', 'Seconds'];
  const rows = epochs.map((epoch) => [
    String(epoch.epoch + 1),
    decimals(epoch.trainLoss, 4),
    percent(epoch.trainAccuracy, 2),
    decimals(epoch.testLoss, 4),
    percent(epoch.testAccuracy, 2),
    percent(epoch.sparsity, 2),
    decimals(epoch.seconds, 1),
  ]);
  fillTable(table, 'Epochs of the run', names, rows);
}

export function showComparison(table: HTMLTableElement, runs: Runs): void {
  const shown = (['main', 'twin'] as const).flatMap((name) => runs.get(name) ?? []);
  const row = (name: string, value: (run: RunRecord) => string) => [name, ...shown.map(value)];
  // The twin has the settings of the main run.
  const images = IMAGES_LABELS[evaluatedOn(runs.get('main')?.facts.config)];
  const rows = [
    row('Weights', (run) => count(run.activeWeights)),
    row('Operations an image, forward', ({ flops }) => operations(flops)),
    row('Milliseconds a step', ({ ms }) => threeDigits(ms)),
    row('Images a second', ({ imagesPerSecond }) => threeDigits(imagesPerSecond)),
    row('Training accuracy', ({ trainAccuracy }) => percent(trainAccuracy)),
    row(`${images} accuracy`, ({ testAccuracy }) => percent(testAccuracy)),
    row('Steps done', ({ series }) => count(series.steps.step.at(-1) ?? 0)),
  ];
  const heads = shown.map(({ facts }, i) => (i === 0 ? METHOD_LABELS[facts.config.method] : 'Dense twin'));
  fillTable(table, 'The runs compared', ['', ...heads], shown.length === 0 ? [] : rows);
}

/** The first entry of each row is its head. */
export function fillTable(
  table: HTMLTableElement,
  caption: string,
  names: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  table.hidden = rows.length === 0;
  const head = make('tr', {}, ...names.map((name) => make('th', { scope: 'col' }, name)));
  const body = rows.map(([first, ...others]) => {
    return make('tr', {}, make('th', { scope: 'row' }, first), ...others.map((text) => make('td', {}, text)));
  });
  table.replaceChildren(make('caption', { class: 'visually-hidden' }, caption), head, ...body);
}

/** Three digits and a decimal prefix. */
function operations(flops: number): string {
  const [scaled, prefix] = flops >= 1e9 ? [flops / 1e9, 'G'] : flops >= 1e6 ? [flops / 1e6, 'M'] : [flops / 1e3, 'k'];
  return `${threeDigits(scaled)} ${prefix}`;
}
