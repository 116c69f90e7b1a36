// One table of the rows of several benchmarks: a line for each pass of a layer, or each model; a column for each engine with its
// weights and precision; ms.

/** Markdown: of layers, of models, or of both one after the other. */
export function oneTable(rows) {
  const layers = rows.filter(({ layer }) => layer !== undefined);
  const models = rows.filter(({ model }) => model !== undefined);
  return [
    markdown(['layer', 'pass', 'batch'], [...layers, ...sums(layers)], ({ layer, pass, batchSize }) => [
      layer,
      pass,
      batchSize,
    ]),
    markdown(['model', 'image', 'batch'], models, ({ model, imageSize, batchSize }) => [
      model.toLowerCase(),
      imageSize,
      batchSize,
    ]),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** Forward and backward of engines that time the three passes one by one. */
function sums(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.layer, row.batchSize, columnOf(row)]);
    if (!groups.has(key)) groups.set(key, {});
    groups.get(key)[row.pass] = row;
  }
  return [...groups.values()]
    .filter((passes) => passes.forward && passes.gradInput && passes.gradWeight && !passes['forward+backward'])
    .map(({ forward, gradInput, gradWeight }) => ({
      ...forward,
      pass: 'forward+backward',
      ms: forward.ms + gradInput.ms + gradWeight.ms,
    }));
}

/** `shuffleblock dsb 0.9/16`, `pytorch eager`, `pytorch f16`. */
function columnOf({ engine, method, sparsity, blockSize, precision }) {
  const weights = sparsity === 0 ? '' : `${sparsity}${blockSize > 0 ? `/${blockSize}` : ''}`;
  return [engine, method === 'dense' ? '' : method, weights, precision === 'f32' ? '' : precision]
    .filter(Boolean)
    .join(' ');
}

function markdown(heads, rows, lineOf) {
  if (rows.length === 0) return '';
  const columns = [...new Set(rows.map(columnOf))];
  const lines = new Map();
  for (const row of rows) {
    const key = JSON.stringify(lineOf(row));
    if (!lines.has(key)) lines.set(key, new Map());
    lines.get(key).set(columnOf(row), row.ms);
  }
  const cells = [...lines].map(([key, times]) => [
    ...JSON.parse(key),
    ...columns.map((column) => times.get(column)?.toPrecision(4) ?? ''),
  ]);
  const all = [[...heads, ...columns], [...heads, ...columns].map(() => '---'), ...cells];
  return all.map((line) => `| ${line.join(' | ')} |`).join('\n');
}
