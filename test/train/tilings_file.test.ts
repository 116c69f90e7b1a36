// Measured tilings as text and as files.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { encodeTilings, mergeTilings, parseTilings, type TunedOperation } from '../../src/train/index.js';
import { tilingsFiles } from '../../src/train/index.node.js';

const folder = mkdtempSync(join(tmpdir(), 'tilings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const operation = (key: string, rows: number): TunedOperation => ({
  key,
  tiles: { rows, columns: 2 },
  ms: 1,
  usualMs: 2,
});
const ADAPTER = 'A "GPU", driver 1.2/3 (Vulkan)';

describe('tilings as text', () => {
  it('come back as they were', () => {
    const operations = [operation('b', 8), operation('a "quoted"', 16)];
    expect(parseTilings(encodeTilings(ADAPTER, operations), 'x')).toEqual(operations);
    expect(parseTilings(encodeTilings(ADAPTER, []), 'x')).toEqual([]);
  });

  it('take the place of older ones, in the order of their keys', () => {
    const merged = mergeTilings([operation('b', 8), operation('c', 8)], [operation('b', 16), operation('a', 4)]);
    expect(merged).toEqual([operation('a', 4), operation('b', 16), operation('c', 8)]);
  });

  const withTiles = (tiles: unknown) => JSON.stringify({ operations: [{ key: 'k', tiles, ms: 1, usualMs: 1 }] });
  it.each([
    ['', 'x: expected measured tilings as JSON, got ""'],
    ['{"operations": [', 'x: expected measured tilings as JSON, got "{\\"operations\\": ["'],
    [
      `{"operations": [${'['.repeat(20_000)}${']'.repeat(20_000)}]}`,
      'x: expected an operation, got something nested too deeply',
    ],
    ['[]', 'x: expected a list of operations, got none'],
    ['{"operations": {}}', 'x: expected a list of operations, got {}'],
    ['{"operations": [null]}', 'x: expected an operation, got null'],
    ['{"operations": [{"key": 1}]}', 'x: expected the key of an operation, got 1'],
    [withTiles('16'), 'x: expected numbers as tiles of "k", got "16"'],
    [withTiles({ rows: '16' }), 'x: expected numbers as tiles of "k", got {"rows":"16"}'],
    [withTiles({}).replace('"ms":1', '"ms":null'), 'x: expected milliseconds of "k", got [null,1]'],
  ])('%s is refused', (text, message) => {
    expect(() => parseTilings(text, 'x')).toThrow(new InputError(message));
  });
});

describe('files of tilings', () => {
  it('are apart for each adapter, and named after it', async () => {
    const store = tilingsFiles(join(folder, 'a', 'b'));
    expect(await store.load(ADAPTER)).toEqual([]);
    await store.save(ADAPTER, [operation('a', 8)]);
    expect(await store.load(ADAPTER)).toEqual([operation('a', 8)]);
    expect(await store.load(`${ADAPTER}!`)).toEqual([]);
    expect(store.pathOf(ADAPTER)).toMatch(/a-gpu-driver-1-2-3-vulkan-[0-9a-f]{8}\.json$/);
  });

  it('are named where they are damaged', async () => {
    const store = tilingsFiles(folder);
    const path = store.pathOf(ADAPTER);
    writeFileSync(path, '{"operations": 7}');
    await expect(store.load(ADAPTER)).rejects.toThrow(new InputError(`${path}: expected a list of operations, got 7`));
  });
});
