// The rows of `bench data` for people.

import type { DataRow } from './data.js';
import { aligned } from './kernel_table.js';

const HEADER = ['task', 'by', 'size', 'batch', 'threads', 'ms a batch', '+-', 'images/s', 'against'];
/** Columns that hold words. */
const WORDS = 2;

export function dataTable(rows: readonly DataRow[]): string {
  const lines = rows.map((row) => [
    row.task,
    row.engine,
    `${row.imageSize}`,
    `${row.batchSize}`,
    row.threads > 0 ? `${row.threads}` : '',
    row.ms.toFixed(2),
    row.spreadMs.toFixed(2),
    row.imagesPerSecond.toFixed(0),
    against(row, rows),
  ]);
  return aligned([HEADER, ...lines], WORDS).join('\n');
}

/** Sharp's rate of the same images, or the step that the batch is for. */
function against(row: DataRow, rows: readonly DataRow[]): string {
  if (row.stepMs !== undefined) {
    return `${((100 * row.ms) / row.stepMs).toFixed(2)}% of a step of ${row.model} (${row.stepMs.toFixed(1)} ms)`;
  }
  const sharp = rows.find(({ task, engine }) => task === row.task && engine === 'sharp');
  if (!sharp || sharp === row) return '';
  return `${((100 * row.imagesPerSecond) / sharp.imagesPerSecond).toFixed(0)}% of sharp alone`;
}
