// All charts of a campaign, as SVG files.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { rowsOf } from '../table.mjs';
import { accuracyChart } from './accuracy.mjs';
import { flopsChart } from './flops.mjs';
import { lossChart } from './loss.mjs';
import { panelRows } from './panels.mjs';
import { speedUpChart } from './speed_up.mjs';

const CHARTS = {
  accuracy: accuracyChart,
  accuracy_flops: flopsChart,
  speed_up: speedUpChart,
  loss: lossChart,
};

/** The text of each chart by its name; one that has nothing to show is left out. */
export function charts(plan, results) {
  const rows = panelRows(rowsOf(plan, results));
  if (rows.length === 0) return {};
  const drawn = Object.entries(CHARTS).map(([name, draw]) => [name, draw(rows)]);
  return Object.fromEntries(drawn.filter(([, svg]) => svg !== undefined));
}

/** Writes them into the folder `charts` of `out`. */
export async function saveCharts(plan, results, out, write) {
  const folder = join(out, 'charts');
  mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(charts(plan, results))) await write(join(folder, `${name}.svg`), svg);
}
