// When shuffled blocks begin to pay: speed-up over our own dense kernel against sparsity, a panel for each pass and for their sum, a curve
// for each block size. From what `shuffleblock bench kernels --all --json FILE` wrote.
//   node bench/charts/break_even.mjs kernels.json --out docs/images/

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as Plot from '@observablehq/plot';
import { readRows } from '../rows.mjs';
import { COLORS, chart } from './chart.mjs';
import { breakEvens, meanSpeedUps, PASSES, speedUps } from './speed_ups.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'docs/images' } },
});

const TITLES = {
  forward: 'forward',
  gradInput: 'gradient of the input',
  gradWeight: 'gradient of the weight',
  sum: 'all three',
};

function breakEvenChart(adapter, records, means) {
  const crossings = breakEvens(means);
  const blockSizes = [...new Set(means.map(({ blockSize }) => blockSize))];
  const layers = [...new Set(records.map(({ layer }) => layer))];
  const logarithms = records.map(({ speedUp }) => Math.log2(speedUp));
  const lowest = Math.min(0, Math.floor(Math.min(...logarithms)));
  const highest = Math.max(1, Math.ceil(Math.max(...logarithms)));
  const byCurve = { x: 'sparsity', y: 'speedUp', fx: 'pass', stroke: 'blockSize' };
  const all = records.map((record) => ({ ...record, curve: `${record.layer} ${record.blockSize}` }));
  return chart({
    title: 'When shuffled blocks pay',
    subtitle: subtitleOf(layers, crossings.length > 0),
    legend: blockSizes.map((blockSize, i) => ({ color: COLORS[i], label: `blocks of ${blockSize}` })),
    note: `${adapter}, f32. Medians of rounds in which all variants of a layer take turns.`,
    plot: {
      width: 1080,
      height: 360,
      marginTop: 34,
      marginLeft: 52,
      marginBottom: 40,
      fx: { domain: PASSES, label: null, axis: null, padding: 0.08 },
      x: {
        label: 'sparsity',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 5,
        inset: 8,
        tickFormat: (value) => `${value}`,
      },
      y: {
        type: 'log',
        base: 2,
        domain: [2 ** lowest, 2 ** highest],
        label: 'times as fast as dense',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: Array.from({ length: highest - lowest + 1 }, (_, i) => 2 ** (lowest + i)),
        tickFormat: (value) => `${value}`,
        grid: true,
      },
      color: { type: 'ordinal', domain: blockSizes, range: COLORS },
      marks: [
        Plot.frame({ stroke: '#d0d7de' }),
        Plot.text(PASSES, {
          fx: (pass) => pass,
          text: (pass) => TITLES[pass],
          frameAnchor: 'top',
          dy: -20,
          fontSize: 13,
          fontWeight: 600,
        }),
        Plot.ruleY([1], { stroke: '#57606a', strokeDasharray: '4 3' }),
        ...(layers.length > 1
          ? [Plot.line(all, { ...byCurve, z: 'curve', strokeWidth: 0.8, strokeOpacity: 0.3 })]
          : []),
        Plot.line(means, { ...byCurve, strokeWidth: 2.5 }),
        Plot.dot(means, { ...byCurve, fill: 'blockSize', r: 2.6 }),
        Plot.dot(crossings, { ...byCurve, y: () => 1, r: 5.5, fill: 'white', strokeWidth: 2 }),
      ],
    },
  });
}

function subtitleOf(layers, hasRings) {
  const which = layers.length > 1 ? `geometric mean of ${layers.length} layers, thin lines each of them` : layers[0];
  return `Speed-up over the dense kernel: ${which}.${hasRings ? ' Rings: break-even.' : ''}`;
}

function fail(message) {
  console.error(`break_even: ${message}`);
  process.exit(2);
}

const [path, ...others] = positionals;
if (path === undefined || others.length > 0)
  fail('expected one file that `shuffleblock bench kernels --json FILE` wrote');
let rows;
try {
  rows = readRows(path);
} catch (error) {
  fail(error.message);
}
const records = speedUps(rows);
if (records.length === 0) fail(`${path}: expected dense and sparse rows of all three passes of a layer, got none`);
const adapters = [...new Set(rows.map(({ adapter }) => adapter))];
if (adapters.length > 1) fail(`${path}: expected rows of one adapter, got ${adapters.join('; ')}`);
const means = meanSpeedUps(records);
mkdirSync(options.out, { recursive: true });
const file = join(options.out, 'break_even.svg');
writeFileSync(file, breakEvenChart(adapters[0], records, means));
for (const { pass, blockSize, sparsity } of breakEvens(means)) {
  console.log(`${TITLES[pass]}, blocks of ${blockSize}: break-even at ${sparsity.toFixed(2)}`);
}
console.log(`saved ${file}`);
