// Tests of the page in web/, in Chromium: minutes of training in a browser. By themselves: `npm run test:page`.
import { defineConfig } from 'vitest/config';
import { embedShaders } from './scripts/embed_shaders.mjs';

embedShaders();

export default defineConfig({
  test: {
    name: 'page',
    include: ['test/page/**/*.test.ts'],
    globalSetup: ['test/page/build.node.ts'],
    setupFiles: ['test/support/node_gpu.node.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
