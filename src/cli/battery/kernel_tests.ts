// The kernel tests as the build packs them (scripts/bundle_kernel_tests.mjs): what the bundle offers, and how to load it.

import { existsSync } from 'node:fs';

export interface KernelTestResult {
  /** With the names of the suites around it. */
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'not run';
  readonly ms: number;
  readonly error?: string;
}

export interface KernelTestFile {
  /** From the repository's root, for example `test/shaders/matmul.test.ts`. */
  readonly path: string;
  /** None if the file was not loaded. */
  readonly tests: readonly KernelTestResult[];
  readonly ms: number;
  /** Of the file as a whole: it did not load, or a hook failed. */
  readonly error?: string;
  /** `not run` if time ended before its last test. */
  readonly state: 'passed' | 'failed' | 'not run';
}

export interface KernelTests {
  /** Full names of all tests, `test/shaders/matmul.test.ts > matmul > 1 x 1 x 1`, without running them. */
  list(): Promise<string[]>;
  /** Runs them file by file. Once `isOver()` is true no further test starts. Either `list` or `run`, once in a process. */
  run(options: {
    isOver: () => boolean;
    onFile: (file: KernelTestFile, done: number, total: number) => Promise<void>;
  }): Promise<void>;
}

const BUNDLE = new URL('../../battery/kernel_tests.js', import.meta.url);

export async function loadKernelTests(): Promise<KernelTests> {
  if (!existsSync(BUNDLE)) {
    throw new Error(
      'kernel tests: expected dist/battery/kernel_tests.js, got none; `npm ci && npm run build` in a clone of the repository makes it',
    );
  }
  return (await import(BUNDLE.href)).kernelTests;
}
