import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PackageMissingError, unpackPackaged } from '../../src/device/dawn/packaged_archive.node.js';

const unpack = () => unpackPackaged('swiftshader', ['swiftshader.tar.br']);

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('unpackPackaged', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'shuffleblock-test-'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true, force: true });
  });

  it('unpacks files, executable, and leaves nothing else behind', async () => {
    const folder = await unpack();
    expect(folder.startsWith(join(cache, 'shuffleblock', 'swiftshader-'))).toBe(true);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['libvulkan.so.1', 'vk_swiftshader_icd.json']));
    expect(statSync(join(folder, 'libvulkan.so.1')).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(cache, 'shuffleblock'))).toHaveLength(1);
  });

  it('unpacks once', async () => {
    const inode = statSync(await unpack()).ino;
    expect(statSync(await unpack()).ino).toBe(inode);
  });

  it('unpacks again what was damaged', async () => {
    const library = join(await unpack(), 'libvk_swiftshader.so');
    const { size } = statSync(library);
    truncateSync(library, 100);
    await unpack();
    expect(statSync(library).size).toBe(size);
  });

  it('gives callers at the same time one folder', async () => {
    expect(new Set(await Promise.all([unpack(), unpack(), unpack()])).size).toBe(1);
    expect(readdirSync(join(cache, 'shuffleblock'))).toHaveLength(1);
  });

  it('uses a private temporary folder where the cache cannot be written', async () => {
    vi.stubEnv('XDG_CACHE_HOME', '/dev/null');
    vi.stubEnv('TMPDIR', cache);
    expect(await unpack()).toContain(join(cache, `shuffleblock-${process.getuid?.()}`));
  });

  it('says what the package lacks', async () => {
    await expect(unpackPackaged('other', ['other.tar.br'])).rejects.toThrow(PackageMissingError);
    await expect(unpackPackaged('other', ['other.tar.br'])).rejects.toThrow(/chromium .* has no bin\/other\.tar\.br/);
  });
});
