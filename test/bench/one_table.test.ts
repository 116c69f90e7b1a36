// One table of the rows of several benchmarks.

import { expect, it } from 'vitest';

const { oneTable } = await import('../../bench/one_table.mjs' as string);

const ours = { engine: 'shuffleblock', precision: 'f32', sparsity: 0, blockSize: 0 };
const sparse = { ...ours, sparsity: 0.9, blockSize: 16 };
const torch = { ...ours, engine: 'pytorch' };
const layer = { layer: 'a', batchSize: 32 };
const model = { model: 'lenet5', imageSize: 28, batchSize: 64 };

it('has a line for each pass of a layer and a column for each engine, forward and backward added up where they are apart', () => {
  const rows = [
    { ...ours, ...layer, pass: 'forward', ms: 10 },
    { ...ours, ...layer, pass: 'gradInput', ms: 20 },
    { ...ours, ...layer, pass: 'gradWeight', ms: 30.25 },
    { ...sparse, ...layer, pass: 'forward', ms: 1 },
    { ...torch, ...layer, pass: 'forward', ms: 5 },
    { ...torch, ...layer, pass: 'forward+backward', ms: 11 },
    { ...torch, ...layer, pass: 'forward', ms: 2.5, precision: 'f16' },
  ];
  expect(oneTable(rows).split('\n')).toEqual([
    '| layer | pass | batch | shuffleblock | shuffleblock 0.9/16 | pytorch | pytorch f16 |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| a | forward | 32 | 10.00 | 1.000 | 5.000 | 2.500 |',
    '| a | gradInput | 32 | 20.00 |  |  |  |',
    '| a | gradWeight | 32 | 30.25 |  |  |  |',
    '| a | forward+backward | 32 | 60.25 |  | 11.00 |  |',
  ]);
});

it('has a line for each model', () => {
  const rows = [
    { ...ours, ...model, method: 'dense', ms: 8 },
    { ...sparse, ...model, method: 'dsb', ms: 2 },
    { ...sparse, ...model, method: 'rigl', blockSize: 0, ms: 9 },
    { ...torch, ...model, engine: 'pytorch compile', method: 'dense', ms: 4 },
  ];
  expect(oneTable(rows).split('\n')).toEqual([
    '| model | image | batch | shuffleblock | shuffleblock dsb 0.9/16 | shuffleblock rigl 0.9 | pytorch compile |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    '| lenet5 | 28 | 64 | 8.000 | 2.000 | 9.000 | 4.000 |',
  ]);
});
