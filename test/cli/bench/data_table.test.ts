// The table of `bench data`: what each row is held against.

import { expect, it } from 'vitest';
import type { DataRow } from '../../../src/cli/bench/data.js';
import { dataTable } from '../../../src/cli/bench/data_table.js';

function row(own: Partial<DataRow>): DataRow {
  const shared = {
    engine: 'shuffleblock',
    adapter: 'a',
    imageSize: 224,
    batchSize: 10,
    threads: 2,
    spreadMs: 1,
  } as const;
  return { ...shared, task: 'jpeg-training', ms: 50, imagesPerSecond: 200, ...own };
}

it('compares rates with those of sharp in the same task, and a batch with the step', () => {
  const rows = [
    row({}),
    row({ engine: 'sharp', ms: 40, imagesPerSecond: 250 }),
    row({ task: 'jpeg-evaluation' }),
    row({
      task: 'cifar-resident',
      imageSize: 32,
      threads: 0,
      ms: 2,
      imagesPerSecond: 5000,
      model: 'wrn-22-2',
      stepMs: 160,
    }),
  ];
  const [, ...lines] = dataTable(rows).split('\n');
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['jpeg-training', 'shuffleblock', '224', '10', '2', '50.00', '1.00', '200', '80% of sharp alone'],
    ['jpeg-training', 'sharp', '224', '10', '2', '40.00', '1.00', '250'],
    ['jpeg-evaluation', 'shuffleblock', '224', '10', '2', '50.00', '1.00', '200'],
    ['cifar-resident', 'shuffleblock', '32', '10', '2.00', '1.00', '5000', '1.25% of a step of wrn-22-2 (160.0 ms)'],
  ]);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});
