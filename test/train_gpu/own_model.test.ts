// The example of a network of one's own, as a user runs it: on the built package.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { parseOnnx } from '../../src/train/index.node.js';

const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-own-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('examples/own_model.mjs learns digits sparsely, and writes what it has learnt', async () => {
  const path = join(folder, 'digits.onnx');
  const { stdout } = await promisify(execFile)(process.execPath, ['examples/own_model.mjs', path], {
    timeout: 110_000,
  });
  expect(stdout).toMatch(/^residual +\[32,32,3,3\] +\d+ blocks of 8 /m);
  expect(Number(/^epoch 2: test accuracy (\S+)$/m.exec(stdout)![1])).toBeGreaterThan(0.8);
  const { tensors, settings } = parseOnnx(readFileSync(path), path);
  expect(settings).toMatchObject({ model: 'digit-net', dataSet: 'mnist', classes: 10 });
  expect([...tensors.keys()]).toEqual(
    expect.arrayContaining(['stem.0.weight', 'stem.1.running_mean', 'residual.weight', 'classifier.bias']),
  );
});
