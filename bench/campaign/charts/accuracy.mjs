// Accuracy against sparsity.

import { chart } from '../../charts/chart.mjs';
import { accuracyLabel } from '../labels.mjs';
import {
  adaptersOf,
  axis,
  denseMarks,
  frame,
  legendOf,
  methodMarks,
  panelMarks,
  plotPerNetwork,
  seedsOf,
  sparsitiesOf,
} from './panels.mjs';

const accuracy = ({ mean }) => 100 * mean.accuracy.mean;
const spread = ({ mean }) => (mean.accuracy.spread === undefined ? undefined : 100 * mean.accuracy.spread);

export function accuracyChart(rows) {
  return chart({
    title: 'Accuracy against sparsity',
    subtitle: `${capitalised(accuracyLabel(rows))} after the last epoch: ${seedsOf(rows)}, bars: standard deviation. Dashed: the dense network.`,
    legend: legendOf(rows),
    note: adaptersOf(rows),
    plot: plotPerNetwork(rows, plotOf),
  });
}

function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function plotOf(rows, panels, width) {
  const pruned = rows.filter(({ method }) => method !== 'dense');
  return {
    ...frame(panels, width),
    x: axis('sparsity', { ticks: sparsitiesOf(rows), inset: 26, tickFormat: String }),
    y: axis(`${accuracyLabel(rows)}, %`, { grid: true, nice: true, inset: 6 }),
    marks: [
      ...panelMarks(panels),
      ...denseMarks(rows, { y: accuracy, spread }),
      ...methodMarks(pruned, { x: (row) => row.sparsity, y: accuracy, spread }),
    ],
  };
}
