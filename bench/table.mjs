// One table of what several benchmarks wrote with `--json`, theirs and ours: milliseconds, in Markdown.
//   node bench/table.mjs FILE... [--sparsity 0.9] [--block-size 16]

import { parseArgs } from 'node:util';
import { oneTable } from './one_table.mjs';
import { readRows } from './rows.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { sparsity: { type: 'string' }, 'block-size': { type: 'string' } },
});

/** Of sparse rows; dense ones are always shown. */
function isWanted({ sparsity, blockSize }) {
  if (sparsity === 0) return true;
  const hasSparsity = options.sparsity === undefined || Number(options.sparsity) === sparsity;
  return hasSparsity && (options['block-size'] === undefined || [0, Number(options['block-size'])].includes(blockSize));
}

if (positionals.length === 0) {
  console.error('table: expected files that benchmarks wrote with --json');
  process.exit(2);
}
try {
  const rows = positionals.flatMap(readRows).filter(isWanted);
  for (const adapter of new Set(rows.map((row) => `${row.engine}: ${row.adapter}`))) console.log(`- ${adapter}`);
  console.log(`\n${oneTable(rows)}`);
} catch (error) {
  console.error(`table: ${error.message}`);
  process.exit(2);
}
