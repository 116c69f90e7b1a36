// Whole files: read in parts, and of no other kind than regular ones.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readBytes, readWholeFile } from '../../src/host/whole_file.node.js';

const dir = mkdtempSync(join(tmpdir(), 'shuffleblock-whole-'));
afterAll(() => rmSync(dir, { recursive: true }));
const CONTENT = Buffer.from('0123456789');
const path = join(dir, 'file');
writeFileSync(path, CONTENT);

it('comes in parts where it is larger than Node reads at once', () => {
  expect(readWholeFile(path)).toEqual(CONTENT);
  const file = openSync(path, 'r');
  for (const mostAtOnce of [1, 3, 10, 11]) expect(readBytes(file, 10, mostAtOnce)).toEqual(CONTENT);
  expect(readBytes(file, 4, 3)).toEqual(CONTENT.subarray(0, 4));
  // It was longer when it was looked at.
  expect(readBytes(file, 12, 3)).toEqual(CONTENT);
  closeSync(file);
});

it('is a regular file', () => {
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  expect(() => readWholeFile(join(dir, 'pipe'))).toThrow(/^a pipe$/);
  expect(() => readWholeFile(dir)).toThrow(/^a folder$/);
  expect(() => readWholeFile('/dev/null')).toThrow(/^a device or socket$/);
  expect(() => readWholeFile(join(dir, 'none'))).toThrow(/^ENOENT/);
});
