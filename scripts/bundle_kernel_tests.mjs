// Packs test/shaders with vitest's runner and matchers into dist/battery/kernel_tests.js, so that `shuffleblock battery` runs the
// kernel tests where no development dependency is installed. The code under test stays outside: it is the dist beside it.
// `node scripts/bundle_kernel_tests.mjs DIR` packs them for another folder than dist.
import { rmSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'src');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const outDir = join(dist, 'battery');

/** `../../src/tensor/index.js` of a test becomes `../tensor/index.js` of dist. */
const useDist = {
  name: 'use-dist',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!importer || !id.startsWith('.')) return null;
    const path = resolve(dirname(importer), id);
    if (!path.startsWith(source + sep)) return null;
    const built = join(dist, relative(source, path));
    statSync(built); // A file that tsc has not made fails the build here, not the battery later.
    return { id: built, external: 'absolute' };
  },
};

rmSync(outDir, { recursive: true, force: true });
await build({
  root,
  configFile: false,
  logLevel: 'warn',
  plugins: [useDist],
  resolve: { alias: { vitest: join(root, 'test', 'battery', 'vitest.ts') } },
  ssr: { noExternal: true },
  build: {
    ssr: join(root, 'test', 'battery', 'kernel_tests.ts'),
    outDir,
    target: 'node20',
    minify: true,
    rollupOptions: {
      output: {
        chunkFileNames: '[name].js', // all in one folder, so that one relative path to dist fits every file
        paths: (id) => (id.startsWith(dist) ? `../${relative(dist, id).replaceAll(sep, '/')}` : id),
      },
    },
  },
});
