// Measured tilings in a browser's storage.
import { expect, it } from 'vitest';
import { tilingsDatabase } from '../../src/train/tuning/tilings_database.js';

const ADAPTER = 'tilings_database.test.ts';
const operations = [{ key: 'conv2d.forward', tiles: { rows: 8, columns: 2 }, ms: 1, usualMs: 2 }];

it('keeps the tilings of each adapter', async () => {
  const store = tilingsDatabase();
  await store.save(ADAPTER, operations);
  expect(await tilingsDatabase().load(ADAPTER)).toEqual(operations);
  expect(await store.load('another adapter')).toEqual([]);
  await store.save(ADAPTER, []);
  expect(await store.load(ADAPTER)).toEqual([]);
});
