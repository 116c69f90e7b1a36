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

export interface NodeScript {
  /** Of what `node` runs. */
  readonly path: string;
  dispose(): void;
}

/**
 * @param body statements of an ES module; `shuffleblock` is the package's Node entry, for example
 *   `const device = await shuffleblock.openDevice();`.
 * @param entry another module of the sources to be known as `shuffleblock`.
 */
export async function buildNodeScript(body: string, entry = 'src/index.node.ts'): Promise<NodeScript> {
  // Inside node_modules, so that the bundle finds the packages.
  const parent = resolve('node_modules/.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'node_script-'));
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  try {
    const source = join(folder, 'entry.ts');
    writeFileSync(source, `import * as shuffleblock from ${JSON.stringify(resolve(entry))};\n${body}`);
    await build({
      configFile: false,
      logLevel: 'error',
      build: {
        ssr: source,
        outDir: join(folder, 'out'),
        target: 'node20',
        minify: false,
        rollupOptions: { treeshake: false }, // package.json lists the files with side effects in dist, not in src
      },
    });
    return { path: join(folder, 'out', 'entry.js'), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Builds a script and waits for its end. As `buildNodeScript`. */
export async function runNodeScript(body: string, env: Record<string, string> = {}): Promise<Ended> {
  const script = await buildNodeScript(body);
  try {
    const start = performance.now();
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script.path], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, ...env },
    });
    return { status, signal, stdout, stderr, durationMs: performance.now() - start };
  } finally {
    script.dispose();
  }
}
