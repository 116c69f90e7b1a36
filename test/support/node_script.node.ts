// Runs a short program against the sources in a Node process of its own, for what only a whole process can show.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'vite';

export interface Ended {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

/**
 * @param body statements of an ES module; `shuffleblock` is the package's Node entry, for example
 *   `const device = await shuffleblock.openDevice();`.
 */
export async function runNodeScript(body: string, env: Record<string, string> = {}): Promise<Ended> {
  // Inside node_modules, so that the bundle finds the packages.
  const parent = resolve('node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'node_script-'));
  try {
    const entry = join(folder, 'entry.ts');
    writeFileSync(entry, `import * as shuffleblock from ${JSON.stringify(resolve('src/index.node.ts'))};\n${body}`);
    await build({
      configFile: false,
      logLevel: 'error',
      build: {
        ssr: entry,
        outDir: join(folder, 'out'),
        target: 'node20',
        minify: false,
        rollupOptions: { treeshake: false }, // package.json lists the files with side effects in dist, not in src
      },
    });
    const start = performance.now();
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'out', 'entry.js')], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, ...env },
    });
    return { status, signal, stdout, stderr, durationMs: performance.now() - start };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
