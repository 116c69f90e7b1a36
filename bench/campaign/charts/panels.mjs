// What all charts of a campaign share: a plot with axes of its own for each network, in it a panel for each block size, a colour for each
// method, and how they are drawn.

import * as Plot from '@observablehq/plot';
import { COLORS } from '../../charts/chart.mjs';
import { METHOD_LABELS } from '../labels.mjs';
import { groupBy } from '../table.mjs';

const DENSE_COLOR = '#57606a';
const INK = '#24292f';
const LEAST_WIDTH = 860;
const PANEL_WIDTH = 430;
/** Pixels between neighbouring methods at one sparsity, so that their error bars do not lie on each other. */
const DODGE = 3.5;

/** SSB and the rules of DSB first: they are what a chart is about. */
const COLORED = ['SSB', 'DSB, column-norm', 'DSB, block-norm', 'DSB, original', 'RigL', 'SET'];

export function colorOf(method) {
  return method === 'dense' ? DENSE_COLOR : COLORS[COLORED.indexOf(method)];
}

/**
 * Finished rows of the table (see table.mjs), each with its panel. Methods without blocks are in the panels of all block sizes of their
 * network, to be compared with.
 */
export function panelRows(rows) {
  const finished = rows.filter(({ mean }) => mean);
  return finished.flatMap((row) => {
    const sizes = new Set(
      finished.flatMap(({ network, variant, blockSize }) =>
        network === row.network && variant === row.variant && blockSize !== undefined ? [blockSize] : [],
      ),
    );
    const own = row.blockSize !== undefined ? [row.blockSize] : sizes.size > 0 ? [...sizes] : [undefined];
    return own.map((size) => ({ ...row, panel: panelLabel(row, size) }));
  });
}

function panelLabel({ network, variant }, blockSize) {
  return [network, blockSize === undefined ? '' : `blocks of ${blockSize}`, variant].filter(Boolean).join(', ');
}

function panelsOf(rows) {
  return [...new Set(rows.map(({ panel }) => panel))];
}

/** `plotOf(rows, panels, width)` of each network, side by side. */
export function plotPerNetwork(rows, plotOf) {
  const networks = [...groupBy(rows, ({ network }) => network).values()];
  const count = networks.reduce((sum, own) => sum + panelsOf(own).length, 0);
  const panelWidth = Math.max(PANEL_WIDTH, LEAST_WIDTH / count);
  return networks.map((own) => plotOf(own, panelsOf(own), panelsOf(own).length * panelWidth));
}

/** Those of the pruned rows, from low to high. */
export function sparsitiesOf(rows) {
  return [...new Set(rows.map(({ sparsity }) => sparsity))].filter((sparsity) => sparsity > 0).sort();
}

/** Those that rows have, in their order. */
export function methodsOf(rows) {
  return METHOD_LABELS.filter((label) => rows.some(({ method }) => method === label));
}

export function legendOf(rows) {
  return methodsOf(rows).map((method) => ({ color: colorOf(method), label: method }));
}

/** Options of the plot that do not depend on what is drawn. */
export function frame(panels, width, height = 330) {
  return {
    width,
    height,
    marginTop: 34,
    marginLeft: 56,
    marginRight: 24,
    marginBottom: 42,
    fx: { domain: panels, label: null, axis: null, padding: 0.1 },
  };
}

export function axis(label, options = {}) {
  return { label, labelAnchor: 'center', labelArrow: 'none', ...options };
}

/** Border and heading of each panel; `topRow` says which row of panels has the headings, where there are several. */
export function panelMarks(panels, topRow) {
  const facets = { fx: (panel) => panel, ...(topRow === undefined ? {} : { fy: () => topRow }) };
  const heading = { frameAnchor: 'top', dy: -18, fontSize: 13, fontWeight: 600, fill: INK };
  return [Plot.frame({ stroke: '#d0d7de' }), Plot.text(panels, { ...facets, text: (panel) => panel, ...heading })];
}

/** Lines with points and, where there are several seeds, bars of one standard deviation: a mark of each kind for every method. */
export function methodMarks(rows, { x, y, spread, dodge = DODGE, ...facets }) {
  const pruned = methodsOf(rows).filter((method) => method !== 'dense');
  return pruned.flatMap((method, i) => {
    const own = rows.filter((row) => row.method === method).sort((a, b) => x(a) - x(b));
    const place = { x, fx: 'panel', dx: dodge * (i - (pruned.length - 1) / 2), stroke: colorOf(method), ...facets };
    const bars = spread ? own.filter((row) => spread(row) !== undefined) : [];
    return [
      Plot.ruleX(bars, {
        ...place,
        y1: (row) => y(row) - spread(row),
        y2: (row) => y(row) + spread(row),
        strokeWidth: 1.2,
      }),
      Plot.line(own, { ...place, y, strokeWidth: 1.8 }),
      Plot.dot(own, { ...place, y, fill: colorOf(method), r: 3 }),
    ];
  });
}

/** The dense network as a dashed line across, in a band of one standard deviation. */
export function denseMarks(rows, { y, spread, ...facets }) {
  const dense = rows.filter(({ method }) => method === 'dense');
  const banded = dense.filter((row) => spread(row) !== undefined);
  return [
    Plot.rect(banded, {
      fx: 'panel',
      y1: (row) => y(row) - spread(row),
      y2: (row) => y(row) + spread(row),
      fill: DENSE_COLOR,
      fillOpacity: 0.12,
      ...facets,
    }),
    Plot.ruleY(dense, { fx: 'panel', y, stroke: DENSE_COLOR, strokeDasharray: '5 3', strokeWidth: 1.5, ...facets }),
  ];
}

/** `3 seeds`, or `1 to 3 seeds` while a campaign is under way. */
export function seedsOf(rows) {
  const counts = rows.map(({ mean }) => mean.seeds.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return `${least === most ? most : `${least} to ${most}`} ${most === 1 ? 'seed' : 'seeds'}`;
}

/** What the note below a chart says it was measured on. */
export function adaptersOf(rows) {
  return [...new Set(rows.map(({ mean }) => mean.adapter).filter(Boolean))].join('; ') || 'adapter not recorded';
}
