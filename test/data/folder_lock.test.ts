// Many processes that find the lock of a dead one at the same moment: one of them takes it.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { buildNodeScript } from '../support/node_script.node.js';

/** Tries to take each folder as soon as `go` is in it, and says which it has; ends when it is told to. */
const script = await buildNodeScript(
  `import { existsSync } from 'node:fs';
   const folders = process.argv.slice(2);
   console.log('ready');
   process.stdin.resume();
   setTimeout(() => {
     for (const folder of folders) {
       while (!existsSync(folder + '/go'));
       if ('unlock' in shuffleblock.tryLockFolder(folder)) console.log(folder);
     }
     console.log('done');
   });
   process.stdin.on('end', () => process.exit());`,
  'src/host/folder_lock.node.ts',
);
const root = mkdtempSync(join(tmpdir(), 'shuffleblock-lock-'));
afterAll(() => {
  script.dispose();
  rmSync(root, { recursive: true });
});

it('a dead process is followed by one, however many try', async () => {
  const folders = Array.from({ length: 30 }, (_, i) => join(root, String(i)));
  for (const folder of folders) {
    mkdirSync(folder);
    writeFileSync(join(folder, '.lock'), JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() }));
  }
  const outputs = ['', '', '', ''];
  const children = outputs.map((_, i) => {
    const child = spawn(process.execPath, [script.path, ...folders]);
    child.stdout.on('data', (chunk) => {
      outputs[i] += chunk;
    });
    return child;
  });
  const all = async (word: string) => {
    while (!outputs.every((output) => output.includes(word))) await sleep(5);
  };
  await all('ready');
  for (const folder of folders) {
    writeFileSync(join(folder, 'go'), '');
    await sleep(10);
  }
  await all('done');
  const taken = outputs.flatMap((output) => output.split('\n').filter((line) => line.startsWith(root)));
  expect(taken.sort()).toEqual([...folders].sort());
  expect(readdirSync(folders[0]).sort()).toEqual(['.lock', 'go']);
  const ended = children.map((child) => new Promise((resolve) => child.on('close', resolve)));
  for (const child of children) child.stdin.end();
  await Promise.all(ended);
  expect(readdirSync(folders[0])).toEqual(['go']);
});
