// The confusion matrix as a table: a row for each class, a column for what its images are taken for. They are those
// that the run is evaluated on.

import type { EvaluatedOn } from '../../src/train/index.js';
import { element, make } from './dom.js';
import { count, IMAGES_LABELS, percent } from './format.js';

/** More classes make no table that can be read; their row of the diagonal is enough. */
const MOST_CLASSES = 20;

export class ConfusionView {
  private readonly section = element('confusion', HTMLElement);
  private readonly table = element('confusion-table', HTMLTableElement);
  private readonly story = element('confusion-story', HTMLElement);

  clear(): void {
    this.section.dataset.state = 'empty';
  }

  /** @param counts [classes, classes], by label and by what is told, after so many steps. */
  show(step: number, counts: Uint32Array, names: readonly string[], images: EvaluatedOn): void {
    this.section.dataset.state = 'shown';
    const caption = make(
      'caption',
      { class: 'visually-hidden' },
      `${IMAGES_LABELS[images]} images by class and by what they are taken for`,
    );
    const rows = names.length > MOST_CLASSES ? sharesOfClasses(counts, names) : matrix(counts, names);
    this.table.replaceChildren(caption, ...rows);
    const all = counts.reduce((sum, images) => sum + images, 0);
    const right = names.reduce((sum, _, label) => sum + counts[label * (names.length + 1)], 0);
    this.story.textContent = `${percent(right / all)} of ${count(all)} ${images} images are read correctly at step ${count(step)}.`;
  }
}

function matrix(counts: Uint32Array, names: readonly string[]): HTMLTableRowElement[] {
  const head = make('tr', {}, make('td'), ...names.map((name) => make('th', { scope: 'col' }, name)));
  const classes = names.length;
  return [
    head,
    ...names.map((name, label) => {
      const row = counts.subarray(label * classes, (label + 1) * classes);
      const total = row.reduce((sum, one) => sum + one, 0);
      return make(
        'tr',
        {},
        make('th', { scope: 'row' }, name),
        ...Array.from(row, (n, told) => cell(n, total, told === label)),
      );
    }),
  ];
}

/** The more of the row's images, the deeper the colour; few are to be seen too, hence the root. */
function cell(images: number, total: number, isRight: boolean): HTMLTableCellElement {
  const made = make('td', { class: isRight ? 'right' : 'wrong' }, images === 0 ? '' : count(images));
  made.style.setProperty('--depth', String(Math.sqrt(images / Math.max(total, 1))));
  return made;
}

function sharesOfClasses(counts: Uint32Array, names: readonly string[]): HTMLTableRowElement[] {
  const classes = names.length;
  const head = make('tr', {}, make('th', { scope: 'col' }, 'Class'), make('th', { scope: 'col' }, 'Read correctly'));
  return [
    head,
    ...names.map((name, label) => {
      const row = counts.subarray(label * classes, (label + 1) * classes);
      const total = row.reduce((sum, one) => sum + one, 0);
      return make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, percent(row[label] / total)));
    }),
  ];
}
