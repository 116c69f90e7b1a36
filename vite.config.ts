// The page under web/: `npm run web` serves it, `npm run web:build` writes web/dist, which any static host can serve from any folder.

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { embedShaders } from './scripts/embed_shaders.mjs';
import { packDigits } from './web/pack_digits.node.js';

export default defineConfig(async () => {
  embedShaders();
  await packDigits();
  return {
    root: fileURLToPath(new URL('web', import.meta.url)),
    base: './',
    build: { target: 'es2022', emptyOutDir: true, outDir: 'dist' },
    worker: { format: 'es' as const },
  };
});
