// The benchmarks compute with the tilings that a training on the same GPU would use.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeTilings, useKnownTilings } from '../../src/cli/train/autotune.js';
import type { Device } from '../../src/device/index.js';
import { tileChoices } from '../../src/shaders/index.js';
import { tilingsFiles } from '../../src/train/index.node.js';

const folder = mkdtempSync(join(tmpdir(), 'tilings-'));
const { XDG_CACHE_HOME } = process.env;
beforeAll(() => {
  process.env.XDG_CACHE_HOME = folder;
});
afterAll(() => {
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  rmSync(folder, { recursive: true });
});

const adapterNamed = (description: string, isSoftware: boolean) =>
  ({ info: { description, isSoftware }, has: () => true }) as unknown as Device;
const tiling = { usual: { rows: 1 }, others: () => [{ rows: 2 }, { rows: 4 }] };

it('uses what was measured on a GPU, and on no other adapter', async () => {
  const gpu = adapterNamed('a GPU', false);
  expect(await useKnownTilings(gpu)).toBe(0);
  await tilingsFiles().save('a GPU', [{ key: 'some layer', tiles: { rows: 4 }, ms: 1, usualMs: 2 }]);
  expect(await useKnownTilings(gpu)).toBe(1);
  expect(tileChoices(gpu).choose('some layer', tiling)).toEqual({ rows: 4 });
  expect(tileChoices(gpu).choose('another layer', tiling)).toEqual({ rows: 1 });
  expect(describeTilings(1)).toContain('1 known from measurements');
  expect(await useKnownTilings(adapterNamed('another GPU', false))).toBe(0);
});

it('tiles by rule on software adapters, as trainings do there', async () => {
  await tilingsFiles().save('lavapipe', [{ key: 'some layer', tiles: { rows: 4 }, ms: 1, usualMs: 2 }]);
  const lavapipe = adapterNamed('lavapipe', true);
  expect(await useKnownTilings(lavapipe)).toBe(0);
  expect(tileChoices(lavapipe).choose('some layer', tiling)).toEqual({ rows: 1 });
});
