// The files that benchmarks write with `--json`: arrays of rows.

import { readFileSync } from 'node:fs';

/** @throws on anything else, in one line. */
export function readRows(path) {
  const rows = parse(path);
  if (!Array.isArray(rows)) throw new Error(`${path}: expected an array of rows, got ${typeof rows}`);
  return rows;
}

function parse(path) {
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: ${error.message.split('\n')[0]}`);
  }
}
