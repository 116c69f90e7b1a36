// Accuracy against sparsity.

import { chart } from '../../charts/chart.mjs';
import {
  adaptersOf,
  axis,
  denseMarks,
  frame,
  legendOf,
  methodMarks,
  panelMarks,
  panelsOf,
  seedsOf,
} from './panels.mjs';

const accuracy = ({ mean }) => 100 * mean.accuracy.mean;
const spread = ({ mean }) => (mean.accuracy.spread === undefined ? undefined : 100 * mean.accuracy.spread);

export function accuracyChart(rows) {
  const panels = panelsOf(rows);
  const pruned = rows.filter(({ method }) => method !== 'dense');
  return chart({
    title: 'Accuracy against sparsity',
    subtitle: `Test accuracy after the last epoch: ${seedsOf(rows)}, bars: standard deviation. Dashed: the dense network.`,
    legend: legendOf(rows),
    note: adaptersOf(rows),
    plot: {
      ...frame(panels),
      x: axis('sparsity', {
        ticks: [...new Set(pruned.map((row) => row.sparsity))].sort(),
        inset: 26,
        tickFormat: (value) => `${value}`,
      }),
      y: axis('test accuracy, %', { grid: true, nice: true, inset: 6 }),
      marks: [
        ...panelMarks(panels),
        ...denseMarks(rows, { y: accuracy, spread }),
        ...methodMarks(pruned, { x: (row) => row.sparsity, y: accuracy, spread }),
      ],
    },
  });
}
