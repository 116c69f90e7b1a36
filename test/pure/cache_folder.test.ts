// The folder for what can be made again: the user's own, whoever makes it first.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { cacheFolder } from '../../src/host/cache_folder.node.js';
import { tilingsFiles } from '../../src/train/index.node.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shuffleblock-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
  vi.stubEnv('TMPDIR', root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});
const own = () => join(root, 'cache', 'shuffleblock');

it('is private, also where tilings are the first to lie there, and one for both', async () => {
  const before = process.umask(0o002);
  try {
    const store = tilingsFiles();
    await store.save('a GPU', []);
    expect(store.pathOf('a GPU')).toContain(join(own(), 'tilings'));
    expect(statSync(own()).mode & 0o777).toBe(0o700);
    expect(cacheFolder()).toBe(own());
  } finally {
    process.umask(before);
  }
});

it('is another where others may write into it', () => {
  mkdirSync(own(), { recursive: true });
  chmodSync(own(), 0o775);
  expect(cacheFolder()).toBe(join(root, `shuffleblock-${process.getuid?.()}`));
});

it('is any that can be written where nothing tells owners apart, as on Windows', () => {
  mkdirSync(own(), { recursive: true });
  chmodSync(own(), 0o777);
  const { getuid } = process;
  process.getuid = undefined;
  try {
    expect(cacheFolder()).toBe(own());
  } finally {
    process.getuid = getuid;
  }
});

it('is asked for where there is none', () => {
  vi.stubEnv('XDG_CACHE_HOME', '/dev/null');
  vi.stubEnv('TMPDIR', '/dev/null');
  expect(() => cacheFolder()).toThrow(InputError);
  expect(() => cacheFolder()).toThrow(/^cannot write \/dev\/null\/shuffleblock or .*; set XDG_CACHE_HOME/);
});
