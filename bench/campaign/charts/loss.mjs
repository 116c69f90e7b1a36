// Training loss over steps, a row of panels for each sparsity; the dense network is in all of them.

import * as Plot from '@observablehq/plot';
import { chart } from '../../charts/chart.mjs';
import {
  adaptersOf,
  axis,
  colorOf,
  frame,
  legendOf,
  methodsOf,
  panelMarks,
  plotPerNetwork,
  seedsOf,
  sparsitiesOf,
} from './panels.mjs';

const ROW_HEIGHT = 210;

/** @param rows with `curves`: the loss curves of their runs, [[step, loss], ...] each. */
export function lossChart(rows) {
  const drawn = rows.filter(({ curves }) => curves.length > 0);
  if (sparsitiesOf(drawn).length === 0) return undefined;
  return chart({
    title: 'Training loss',
    subtitle: `Loss of training batches, averaged over parts of the run and ${seedsOf(drawn)}, by sparsity.`,
    legend: legendOf(drawn),
    note: adaptersOf(drawn),
    plot: plotPerNetwork(drawn, plotOf),
  });
}

function plotOf(rows, panels, width) {
  const sparsities = sparsitiesOf(rows);
  const points = rows.flatMap((row) =>
    meanCurve(row.curves).flatMap(([step, loss]) =>
      rowsOf(row, rows).map((sparsity) => ({ ...row, sparsity, step, loss })),
    ),
  );
  const ticks = ticksOf(points);
  const curve = { x: 'step', y: 'loss', fx: 'panel', fy: 'sparsity', strokeWidth: 1.6 };
  return {
    ...frame(panels, width, 40 + ROW_HEIGHT * Math.max(1, sparsities.length)),
    marginRight: 96,
    fy: {
      domain: sparsities,
      axis: 'right',
      label: null,
      padding: 0.08,
      tickFormat: (sparsity) => `sparsity ${sparsity}`,
    },
    x: axis('step', { ticks: 5, inset: 6 }),
    y: { type: 'log', axis: null },
    marks: [
      ...panelMarks(panels, sparsities[0]),
      Plot.gridY(ticks),
      // Of a logarithmic axis, Plot itself leaves out labels.
      Plot.axisY(ticks, axis('training loss', { text: String })),
      ...methodsOf(rows).map((method) =>
        Plot.line(
          points.filter((point) => point.method === method),
          { ...curve, stroke: colorOf(method) },
        ),
      ),
    ],
  };
}

/** Round numbers from the lowest loss to the highest: closer ones where all lie within a power of ten. */
function ticksOf(points) {
  const losses = points.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const digits = high / low > 10 ? [1, 2, 5] : [1, 1.2, 1.5, 1.8, 2, 2.2, 2.5, 3, 4, 5, 7];
  const powers = Array.from({ length: 9 }, (_, i) => i - 6);
  const ticks = powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)));
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** In which rows of panels a curve is drawn: dense at every sparsity of its panel. */
function rowsOf(row, rows) {
  if (row.method !== 'dense') return [row.sparsity];
  return [
    ...new Set(
      rows.filter(({ panel, sparsity }) => panel === row.panel && sparsity > 0).map(({ sparsity }) => sparsity),
    ),
  ];
}

/** Of curves with the same steps, as those of seeds are. */
export function meanCurve(curves) {
  const [first] = curves;
  const alike = curves.filter((curve) => curve.length === first.length);
  return first.map(([step], i) => [step, alike.reduce((sum, curve) => sum + curve[i][1], 0) / alike.length]);
}
