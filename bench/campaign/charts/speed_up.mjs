// How many times as fast as of the dense network a training step is, against sparsity.

import * as Plot from '@observablehq/plot';
import { chart } from '../../charts/chart.mjs';
import { denseOf } from '../table.mjs';
import { adaptersOf, axis, frame, legendOf, methodMarks, panelMarks, plotPerNetwork, sparsitiesOf } from './panels.mjs';

export function speedUpChart(rows) {
  const measured = rows.filter(({ mean }) => mean.msPerStep);
  const points = measured.flatMap((row) => {
    const dense = denseOf(row, measured);
    if (!dense || row.method === 'dense') return [];
    return [{ ...row, speedUp: dense.mean.msPerStep.mean / row.mean.msPerStep.mean }];
  });
  if (points.length === 0) return undefined;
  return chart({
    title: 'Speed-up of training against sparsity',
    subtitle:
      'Wall time of a training step of the dense network over that of the sparse one, topology updates included; first deciles.',
    legend: legendOf(points),
    note: `${adaptersOf(points)}. RigL and SET are a dense weight under a mask.`,
    plot: plotPerNetwork(points, plotOf),
  });
}

function plotOf(points, panels, width) {
  return {
    ...frame(panels, width),
    x: axis('sparsity', { ticks: sparsitiesOf(points), inset: 26, tickFormat: String }),
    y: axis('times as fast as dense', { grid: true, zero: true, nice: true }),
    marks: [
      ...panelMarks(panels),
      Plot.ruleY([1], { stroke: '#57606a', strokeDasharray: '5 3', strokeWidth: 1.5 }),
      ...methodMarks(points, { x: (row) => row.sparsity, y: ({ speedUp }) => speedUp }),
    ],
  };
}
