// The model that a command is given: files that cannot be read, and run folders without a best checkpoint.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readModelFile } from '../../src/cli/model_input.js';
import { InputError } from '../../src/device/index.js';

const folder = mkdtempSync(join(tmpdir(), 'shuffleblock-model-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

it('is a file that is there, and no pipe', async () => {
  execFileSync('mkfifo', [path('pipe')]);
  await expect(readModelFile(path('pipe'))).rejects.toThrow(
    /pipe: expected a checkpoint, .* that can be read, got a pipe$/,
  );
  await expect(readModelFile(path('none'), '--init ')).rejects.toThrow(/^--init \S*none: expected .*, got ENOENT/);
});

it('is the best checkpoint of a run: one that has none yet names the last', async () => {
  mkdirSync(path('run'));
  await expect(readModelFile(path('run'))).rejects.toThrow(
    new InputError(`${path('run')}: expected checkpoint-best.safetensors in it, got none`),
  );
  writeFileSync(path('run/checkpoint-last.safetensors'), '');
  const message =
    /run: expected .*, got a run without an evaluated epoch; its last state is in \S*run\/checkpoint-last\./;
  await expect(readModelFile(path('run'))).rejects.toThrow(message);
});
