// Files that are there whole or not at all: also when the process is killed and when the disk is full.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../src/host/atomic_write.node.js';
import { InputError } from '../../src/host/input_error.js';

const root = mkdtempSync(join(tmpdir(), 'shuffleblock-atomic-'));
let folder: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  target = join(folder, 'checkpoint-last.safetensors');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('writeFileAtomically', () => {
  it('makes and replaces a file, and leaves nothing else', async () => {
    await writeFileAtomically(target, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(target)]).toEqual([1, 2, 3]);
    await writeFileAtomically(target, 'héllo');
    expect(readFileSync(target, 'utf8')).toBe('héllo');
    expect(readdirSync(folder)).toEqual(['checkpoint-last.safetensors']);
  });

  it('gives one of the contents when many are written at once', async () => {
    const contents = Array.from({ length: 8 }, (_, i) => new Uint8Array(100_000 + i).fill(i));
    await Promise.all(contents.map((bytes) => writeFileAtomically(target, bytes)));
    const found = readFileSync(target);
    expect(found.equals(contents[found[0]])).toBe(true);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('refuses a missing folder, and a folder in the place of the file', async () => {
    const missing = join(folder, 'no', 'x.bin');
    const refused = writeFileAtomically(missing, Uint8Array.of(1));
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(`${missing}: expected to write 1 bytes, got ENOENT`);
    mkdirSync(join(target, 'inside'), { recursive: true });
    await expect(writeFileAtomically(target, 'x')).rejects.toThrow(InputError);
    expect(readdirSync(folder)).toEqual(['checkpoint-last.safetensors']);
  });

  it('removes what killed writers left long ago, and nothing else', async () => {
    const abandoned = '.checkpoint-last.safetensors.0123abcd.tmp';
    const kept = [
      '.checkpoint-last.safetensors.89abcdef.tmp', // young: another process may be writing it
      '.checkpoint-best.safetensors.0123abcd.tmp',
      '.checkpoint-last.safetensors.notes.tmp',
      'checkpoint-last.safetensors.0123abcd.tmp',
    ];
    for (const name of [abandoned, ...kept]) {
      writeFileSync(join(folder, name), 'x');
      if (name !== kept[0]) utimesSync(join(folder, name), 0, 0);
    }
    await writeFileAtomically(target, 'new');
    expect(readdirSync(folder).sort()).toEqual([...kept, 'checkpoint-last.safetensors'].sort());
  });
});

describe('in a process of its own', () => {
  const script = join(root, 'writer.mjs');

  beforeAll(async () => {
    const entry = join(root, 'writer.ts');
    // Writes files of a million equal bytes, 1 2 3 ..., until it is killed or refused.
    writeFileSync(
      entry,
      `import { writeFileAtomically } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/atomic_write.node.ts'))};
       try {
         for (let value = 1; ; value = (value % 200) + 1) await writeFileAtomically(process.argv[2], new Uint8Array(1e6).fill(value));
       } catch (error) { console.log(error.name + ': ' + error.message); }`,
    );
    await build({
      logLevel: 'error',
      configFile: false,
      build: {
        ssr: entry,
        outDir: root,
        emptyOutDir: false,
        rollupOptions: { output: { entryFileNames: 'writer.mjs' } },
      },
    });
    chmodSync(script, 0o644);
  });

  it('leaves a whole file however it is killed', async () => {
    writeFileSync(target, new Uint8Array(1e6));
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [script, target]);
      const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
      while (readFileSync(target)[0] === 0) await sleep(5);
      await sleep(7 * round);
      child.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      const bytes = readFileSync(target);
      expect(bytes.length).toBe(1e6);
      expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
      expect(readdirSync(folder).filter((name) => name.endsWith('.safetensors'))).toHaveLength(1);
      writeFileSync(target, new Uint8Array(1e6));
    }
  });

  it.skipIf(process.platform === 'win32')('keeps the former file when there is no room for the new one', () => {
    writeFileSync(target, 'former');
    // A file may have 100 blocks of 1024 bytes: writing on fails halfway, as on a full disk.
    const printed = execFileSync('bash', ['-c', `ulimit -f 100; exec "${process.execPath}" "${script}" "${target}"`], {
      encoding: 'utf8',
    });
    expect(printed).toContain(`InputError: ${target}: expected to write 1000000 bytes, got EFBIG`);
    expect(readFileSync(target, 'utf8')).toBe('former');
    expect(readdirSync(folder)).toEqual(['checkpoint-last.safetensors']);
  });
});
