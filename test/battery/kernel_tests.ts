// The kernel tests as a program of their own: what scripts/bundle_kernel_tests.mjs packs into dist/battery/kernel_tests.js.
// The very files of test/shaders, run by vitest's own runner, one file after the other.

/// <reference types="vite/types/importMeta.d.ts" />

import { collectTests, type File, startTests, type Task, type Test, type VitestRunner } from '@vitest/runner';
import type { KernelTestFile, KernelTestResult, KernelTests } from '../../src/cli/battery/kernel_tests.js';

const modules = import.meta.glob('../shaders/**/*.test.ts');
/** `test/shaders/matmul.test.ts` and so on. */
const paths = Object.keys(modules)
  .map((key) => key.replace('..', 'test'))
  .sort();

const TIMEOUT_MS = 120_000; // as in vitest.config.ts
const LONGEST_ERROR = 2000;

/** Every test's full name, as `vitest list` prints it. Opens a device for each file. */
const list: KernelTests['list'] = async () => {
  const files = await collectTests(
    paths.map(absolute),
    runnerUntil(() => false),
  );
  for (const { result } of files) if (result?.errors) throw new Error(result.errors[0].message);
  return files.flatMap((file) => testsOf(file).map((test) => [file.name, nameOf(test)].join(' > ')));
};

const run: KernelTests['run'] = async ({ isOver, onFile }) => {
  for (const [done, path] of paths.entries()) {
    if (isOver()) {
      await onFile({ path, tests: [], ms: 0, state: 'not run' }, done + 1, paths.length);
      continue;
    }
    const start = performance.now();
    const [file] = await startTests([absolute(path)], runnerUntil(isOver));
    await onFile(summarize(path, file, performance.now() - start), done + 1, paths.length);
  }
};

export const kernelTests: KernelTests = { list, run };

/** A runner that leaves out the tests which would start after `isOver()` has become true. */
function runnerUntil(isOver: () => boolean): VitestRunner {
  return {
    config: {
      root: '/',
      setupFiles: [],
      name: undefined,
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: TIMEOUT_MS,
      hookTimeout: TIMEOUT_MS,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: true,
    },
    importFile: (path) => modules[path.replace('/test', '..')](),
    onBeforeRunTask(test) {
      if (isOver()) test.mode = 'skip';
    },
  };
}

function absolute(path: string): string {
  return `/${path}`;
}

function summarize(path: string, file: File, ms: number): KernelTestFile {
  const tests = testsOf(file).map(resultOf);
  // A file that does not load, or whose hooks fail, has an error of its own.
  const error = errorsOf(file) ?? suitesOf(file).map(errorsOf).find(Boolean);
  const failed = error !== undefined || tests.some((test) => test.state === 'failed');
  const cut = tests.some((test) => test.state === 'not run');
  return { path, tests, ms, error, state: failed ? 'failed' : cut ? 'not run' : 'passed' };
}

function resultOf(test: Test): KernelTestResult {
  const states = { pass: 'passed', fail: 'failed' } as const;
  const state = states[test.result?.state as keyof typeof states] ?? 'not run';
  return { name: nameOf(test), state, ms: test.result?.duration ?? 0, error: errorsOf(test) };
}

function errorsOf({ result }: Task): string | undefined {
  if (!result?.errors?.length) return undefined;
  const text = result.errors.map(({ message, diff }) => [message, diff].filter(Boolean).join('\n')).join('\n');
  return text.slice(0, LONGEST_ERROR);
}

function testsOf(task: Task): Test[] {
  return task.type === 'test' ? [task] : task.tasks.flatMap(testsOf);
}

function suitesOf(task: Task): Task[] {
  return task.type === 'test' ? [] : task.tasks.flatMap((inner) => [inner, ...suitesOf(inner)]);
}

/** Names of the suites around a test and its own. */
function nameOf(test: Test): string {
  const names = [test.name];
  for (let suite = test.suite; suite; suite = suite.suite) names.unshift(suite.name);
  return names.join(' > ');
}
