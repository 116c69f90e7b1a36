// Accuracy against the operations of training and of inference, as shares of what the dense network takes.

import { chart } from '../../charts/chart.mjs';
import { accuracyLabel } from '../labels.mjs';
import { adaptersOf, axis, denseMarks, frame, legendOf, methodMarks, panelMarks, plotPerNetwork } from './panels.mjs';

const KINDS = ['training', 'inference'];
const accuracy = ({ mean }) => 100 * mean.accuracy.mean;

export function flopsChart(rows) {
  const counted = rows.filter(({ mean }) => mean.inferenceFlops);
  if (counted.length === 0) return undefined;
  return chart({
    title: 'Accuracy against operations',
    subtitle:
      'Operations of kept weights as a share of what the dense network (dashed) takes; in training with the dense gradients of updates.',
    legend: legendOf(counted),
    note: adaptersOf(counted),
    plot: plotPerNetwork(counted, plotOf),
  });
}

function plotOf(rows, panels, width) {
  const points = rows.flatMap((row) => KINDS.map((kind) => ({ ...row, kind, share: shareOf(row.mean, kind) })));
  const pruned = points.filter(({ method }) => method !== 'dense');
  const least = Math.min(...points.map(({ share }) => share));
  return {
    ...frame(panels, width, 520),
    marginRight: 72,
    fy: { domain: KINDS, label: null, padding: 0.08 },
    x: axis('share of the operations of the dense network, %', {
      type: 'log',
      domain: [least, 100],
      ticks: [1, 2, 5, 10, 20, 50, 100].filter((tick) => tick >= least),
      tickFormat: String,
      inset: 16,
    }),
    y: axis(`${accuracyLabel(rows)}, %`, { grid: true, nice: true, inset: 6 }),
    marks: [
      ...panelMarks(panels, KINDS[0]),
      ...denseMarks(points, { y: accuracy, spread: () => undefined, fy: 'kind' }),
      ...methodMarks(pruned, { x: ({ share }) => share, y: accuracy, dodge: 0, fy: 'kind' }),
    ],
  };
}

function shareOf(mean, kind) {
  return (
    100 *
    (kind === 'training'
      ? mean.trainingFlops / mean.denseTrainingFlops
      : mean.inferenceFlops / mean.denseInferenceFlops)
  );
}
