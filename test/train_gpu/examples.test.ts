// Examples as a user runs them: on the built package.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { MNIST } from '../../src/data/index.js';
import { createModel } from '../../src/models/index.js';
import { Random } from '../../src/tensor/index.js';
import { completeSettings, encodeBundle, readState } from '../../src/train/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-examples-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  device.destroy();
});

const run = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, args, { timeout: 110_000 })).stdout;

it('examples/own_operation.mjs learns XOR', async () => {
  const answers = (await run('examples/own_operation.mjs')).replace('XOR: ', '').split(', ').map(Number);
  expect(answers.map(Math.round)).toEqual([0, 1, 1, 0]);
});

it('examples/infer.mjs says what a bundle says of five digits', async () => {
  const settings = completeSettings({ model: 'lenet300-100', dataSet: 'mnist' }, MNIST);
  const model = createModel(settings.model, { device, random: new Random(1) }, settings);
  const path = join(folder, 'digits.bundle.safetensors');
  writeFileSync(path, encodeBundle(await readState(model), settings));
  model.dispose();
  const lines = (await run('examples/infer.mjs', path)).trimEnd().split('\n');
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line).toMatch(/^image \d: \d \(\d+\.\d%\), its label says \d$/);
});
