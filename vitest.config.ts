// The tests in tiers, one vitest project each; they run one tier after the other, but for the parity tests and `as_gpu`, which run beside the gpu tier. `npx vitest run --project gpu` runs one.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { embedShaders } from './scripts/embed_shaders.mjs';
import { chromiumLaunchOptions } from './test/support/chromium.node.js';

embedShaders();

const GPU = [
  'shaders',
  'device',
  'tensor',
  'autograd',
  'nn',
  'models',
  'testing',
  'data_gpu',
  'train_gpu',
  'cli',
  'package',
].map((folder) => `test/${folder}/**/*.test.ts`);
const COMPILE = ['test/compile/**/*.test.ts'];
const PARITY = ['test/parity/**/*.test.ts'];
const ONLY_BROWSER = ['test/data_browser/**/*.test.ts', 'test/train_browser/**/*.test.ts'];
const BROWSER = ['test/shaders/**/*.test.ts', ...ONLY_BROWSER];

/**
 * Two files with a device at a time: software adapters compute on every core, but compile, which is most of what they do here, on one.
 */
const withDevice = {
  setupFiles: ['test/support/node_gpu.node.ts'],
  pool: 'forks' as const,
  maxWorkers: 2,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...GPU, ...COMPILE, ...PARITY, 'test/page/**', ...ONLY_BROWSER],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { name: 'compile', include: COMPILE, ...withDevice, sequence: { groupOrder: 1 } } },
      { test: { name: 'gpu', include: GPU, ...withDevice, sequence: { groupOrder: 2 } } },
      {
        test: {
          name: 'as_gpu',
          include: ['test/shaders/**/*.test.ts'],
          ...withDevice,
          // Kernels run for a moment only: lavapipe takes a quarter less time when it compiles them without optimizing.
          env: { AS_GPU: '1', GALLIVM_PERF: 'nopt' },
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'browser',
          include: BROWSER,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
          browser: {
            enabled: true,
            headless: true,
            provider: playwright({ launchOptions: await chromiumLaunchOptions() }),
            instances: [{ browser: 'chromium' }],
            screenshotFailures: false,
          },
        },
      },
      {
        test: {
          name: 'parity',
          include: PARITY,
          ...withDevice,
          testTimeout: 600_000,
          // Beside the gpu tier: its few long files leave no core idle.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
