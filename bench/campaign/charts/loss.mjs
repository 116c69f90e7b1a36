// Training loss over steps, a row of panels for each sparsity; the dense network is in all of them.

import * as Plot from '@observablehq/plot';
import { chart } from '../../charts/chart.mjs';
import { adaptersOf, axis, colorOf, frame, legendOf, methodsOf, panelMarks, panelsOf, seedsOf } from './panels.mjs';

const ROW_HEIGHT = 210;

/** @param rows with `curves`: the loss curves of their runs, [[step, loss], ...] each. */
export function lossChart(rows) {
  const drawn = rows.filter(({ curves }) => curves.length > 0);
  const sparsities = [...new Set(drawn.map(({ sparsity }) => sparsity))].filter((sparsity) => sparsity > 0).sort();
  if (sparsities.length === 0) return undefined;
  const panels = panelsOf(drawn);
  const points = drawn.flatMap((row) =>
    meanCurve(row.curves).flatMap(([step, loss]) =>
      facetsOf(row, drawn).map((sparsity) => ({ ...row, sparsity, step, loss })),
    ),
  );
  return chart({
    title: 'Training loss',
    subtitle: `Loss of training batches, averaged over parts of the run and ${seedsOf(drawn)}, by sparsity.`,
    legend: legendOf(drawn),
    note: adaptersOf(drawn),
    plot: {
      ...frame(panels, 40 + ROW_HEIGHT * sparsities.length),
      marginRight: 84,
      fy: { domain: sparsities, label: null, padding: 0.08, tickFormat: (sparsity) => `sparsity ${sparsity}` },
      x: axis('step', { ticks: 5, inset: 6 }),
      y: axis('training loss', { type: 'log', grid: true, ticks: ticksOf(points), tickFormat: (value) => `${value}` }),
      marks: [
        ...panelMarks(panels, sparsities[0]),
        ...methodsOf(drawn).map((method) =>
          Plot.line(
            points.filter((point) => point.method === method),
            { x: 'step', y: 'loss', fx: 'panel', fy: 'sparsity', stroke: colorOf(method), strokeWidth: 1.6 },
          ),
        ),
      ],
    },
  });
}

/** 1, 2 and 5 times powers of ten, from below the lowest loss to above the highest. */
function ticksOf(points) {
  const losses = points.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const powers = Array.from({ length: 9 }, (_, i) => i - 6);
  return powers
    .flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

/** Dense is drawn at every sparsity of its panel. */
function facetsOf(row, rows) {
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
