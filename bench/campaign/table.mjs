// The results of a campaign in Markdown: for each network accuracies by method and sparsity, then what each setting costs.

import { readFileSync } from 'node:fs';
import { accuracyLabel, METHOD_LABELS, methodLabel, networkLabel, variantLabels } from './labels.mjs';
import { PlanError } from './plan.mjs';
import { meanLine, settingsOfPlan } from './results.mjs';
import { settingsOf } from './run_state.mjs';

/**
 * Rows of the plan, a setting each: [{ runs, network, method, variant, label, sparsity, mean: a line of results.jsonl or undefined, curves:
 * of the loss, of each finished run }]. `results` may be left out.
 */
export function rowsOf(plan, results) {
  const settings = settingsOfPlan(plan, results);
  const networks = groupBy(settings, networkOf);
  return [...networks].flatMap(([network, ofNetwork]) => {
    const variants = variantLabels(ofNetwork);
    const blockSizes = new Set(ofNetwork.map((setting) => describe(setting).blockSize).filter(Boolean));
    return ofNetwork.map((setting, i) => {
      const { blockSize, ...described } = describe(setting);
      const method = methodLabel(described);
      const blocks = blockSizes.size > 1 && blockSize !== undefined ? `blocks of ${blockSize}` : '';
      const label = [method, blocks, variants[i]].filter(Boolean).join(', ');
      const [mean] = meanLine(setting);
      const curves = setting.results.map(({ lossCurve }) => lossCurve).filter((curve) => curve?.length > 0);
      const { runs } = setting;
      return {
        runs,
        network,
        method,
        blockSize,
        variant: variants[i],
        label,
        sparsity: described.sparsity,
        mean,
        curves,
      };
    });
  });
}

function describe({ runs: [{ config }] }) {
  return settingsOf(config);
}

function networkOf(setting) {
  return networkLabel(describe(setting));
}

export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

/** All of it, headings included. */
export function report(plan, results) {
  const networks = groupBy(rowsOf(plan, results), ({ network }) => network);
  return [...networks]
    .map(([network, rows]) => [`### ${network}`, accuracyTable(rows), costTable(rows)].filter(Boolean).join('\n\n'))
    .join('\n\n');
}

/** A line for each method, a column for each sparsity: accuracy in percent over seeds, and the share of weights that an update moved. */
function accuracyTable(rows) {
  const sparsities = [...new Set(rows.map(({ sparsity }) => sparsity))].filter((sparsity) => sparsity > 0).sort();
  const labels = groupBy(inOrder(rows), ({ label }) => label);
  const lines = [...labels].map(([label, own]) => {
    const dense = own.find(({ sparsity }) => sparsity === 0);
    if (dense) return [`${label} (sparsity 0)`, accuracyCell(dense), ...sparsities.slice(1).map(() => '')];
    return [label, ...sparsities.map((sparsity) => accuracyCell(own.find((row) => row.sparsity === sparsity)))];
  });
  const columns = sparsities.length > 0 ? sparsities.map(String) : [''];
  return markdown([`${accuracyLabel(rows)}, %`, ...columns], lines);
}

function inOrder(rows) {
  return [...rows].sort((a, b) => METHOD_LABELS.indexOf(a.method) - METHOD_LABELS.indexOf(b.method));
}

function accuracyCell(row) {
  if (!row?.mean) return '';
  const { accuracy, moved, seeds, plannedSeeds } = row.mean;
  const missing = seeds.length < plannedSeeds ? ` (${seeds.length} of ${plannedSeeds} seeds)` : '';
  return percentSpread(accuracy) + missing + (moved?.mean > 0 ? `, ${(100 * moved.mean).toFixed(1)}% moved` : '');
}

/** Mean and, if there is one, sample standard deviation. */
function percentSpread({ mean, spread }) {
  return (100 * mean).toFixed(2) + (spread === undefined ? '' : ` ± ${(100 * spread).toFixed(2)}`);
}

/** One line a setting; none of those whose costs were not measured. */
function costTable(rows) {
  const measured = inOrder(rows).filter(({ mean }) => mean?.msPerStep);
  if (measured.length === 0) return '';
  const lines = measured.map((row) => {
    const { mean } = row;
    const dense = denseOf(row, measured);
    return [
      row.label,
      `${row.sparsity}`,
      mean.weights.toLocaleString('en'),
      `${si(mean.inferenceFlops)} (${share(mean.inferenceFlops, mean.denseInferenceFlops)})`,
      `${si(mean.trainingFlops)} (${share(mean.trainingFlops, mean.denseTrainingFlops)})`,
      significant(mean.msPerStep.mean),
      dense ? `${significant(dense.mean.msPerStep.mean / mean.msPerStep.mean)}x` : '',
      (mean.peakBytes.mean / 2 ** 20).toFixed(1),
      `${significant(mean.seconds.mean / 60)}`,
    ];
  });
  return markdown(
    [
      ...['method', 'sparsity', 'kept weights', 'FLOPs an image', 'FLOPs of training'],
      ...['ms a step', 'speed-up', 'peak MiB', 'minutes'],
    ],
    lines,
  );
}

/** The dense run that a time may be compared with: the same network and settings on the same adapter. */
export function denseOf({ mean, network, variant }, rows) {
  const all = rows.filter(
    (row) => row.method === 'dense' && row.network === network && row.mean?.adapter === mean.adapter,
  );
  return all.find((row) => row.variant === variant) ?? all[0];
}

function share(part, whole) {
  return `${significant((100 * part) / whole)}%`;
}

/** Three digits and a decimal prefix: 12.3 M. */
export function si(value) {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  const step = Math.min(prefixes.length - 1, Math.floor(Math.log10(Math.max(value, 1)) / 3));
  return `${significant(value / 1000 ** step)} ${prefixes[step]}`.trim();
}

export function significant(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * The text of `path` with what is between `<!-- campaign NAME -->` and `<!-- end of campaign NAME -->` replaced.
 * @throws PlanError if there is no such file, or it has no such lines.
 */
export function pageWith(path, name, content) {
  const page = textOf(path);
  const [start, end] = [`<!-- campaign ${name} -->`, `<!-- end of campaign ${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new PlanError(`${path}: expected a line ${start} and a line ${end}`);
  return `${page.slice(0, from)}${start}\n${content}\n${page.slice(to)}`;
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlanError(`--into ${path}: expected a page that can be read, got ${error.message}`);
  }
}
