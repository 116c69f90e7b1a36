// Builds the page of the dashboard (web/dashboard) into dist/dashboard_page, where `shuffleblock dashboard` finds it: plain files, for which
// nothing of what they were built from is needed. `node scripts/build_dashboard.mjs DIR` builds it elsewhere.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

await build({
  root: `${root}web/dashboard`,
  configFile: false,
  publicDir: false,
  base: './',
  logLevel: 'warn',
  build: {
    target: 'es2022',
    outDir: resolve(process.argv[2] ?? `${root}dist/dashboard_page`),
    emptyOutDir: true,
    // Its Content-Security-Policy loads files of the server alone.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
