// The battery's second part: the kernel tests, on the adapter that was asked for.

import { findDawnAdapter } from '../../device/dawn/gpu_provider.node.js';
import { setGpuProvider } from '../../device/gpu_provider.js';
import { startProgress } from '../progress.js';
import type { BatteryAdapter, BatteryPart, PartResult } from './battery.js';
import { type KernelTestFile, type KernelTests, loadKernelTests } from './kernel_tests.js';
import { codeBlock, table } from './summary.js';

/** @param load where the tests come from. */
export function kernelTestsPart(
  adapter: BatteryAdapter,
  load: () => Promise<KernelTests> = loadKernelTests,
): BatteryPart {
  const files: KernelTestFile[] = [];
  return {
    name: 'kernelTests',
    title: 'Kernel tests',
    leastSeconds: 5,
    share: 0.6,
    async run({ isOver, progressed }) {
      const tests = await load();
      // The tests ask for any adapter, and check f16 where it has that.
      setGpuProvider((request) => findDawnAdapter({ ...request, ...adapter }));
      let progress: ReturnType<typeof startProgress> | undefined;
      try {
        await tests.run({
          isOver,
          async onFile(file, done, total) {
            files.push(file);
            progress ??= startProgress(total, 'test files');
            progress.update(done, `${file.path} ${file.state}`);
            await progressed();
          },
        });
      } finally {
        progress?.stop();
        setGpuProvider(findDawnAdapter);
      }
      return kernelTestsResult(files);
    },
    data: () => ({ ...countTests(files), files }),
    details: () => kernelTestsDetails(files),
  };
}

type Counts = Record<'passed' | 'failed' | 'notRun' | 'filesFailed' | 'filesNotRun', number>;

/** Tests by state; files that failed as a whole, and files that were never loaded. */
export function countTests(files: readonly KernelTestFile[]): Counts {
  const tests = files.flatMap((file) => file.tests);
  const count = (state: string) => tests.filter((test) => test.state === state).length;
  return {
    passed: count('passed'),
    failed: count('failed'),
    notRun: count('not run'),
    filesFailed: files.filter((file) => file.error !== undefined).length,
    filesNotRun: files.filter((file) => file.state === 'not run' && file.tests.length === 0).length,
  };
}

export function kernelTestsResult(files: readonly KernelTestFile[]): PartResult {
  const { passed, failed, notRun, filesFailed, filesNotRun } = countTests(files);
  const note = [
    `${passed} passed`,
    failed > 0 && `${failed} failed`,
    filesFailed > 0 && `${filesFailed} files did not load or clean up`,
    notRun > 0 && `${notRun} not run`,
    filesNotRun > 0 && `${filesNotRun} of ${files.length} files not reached`,
  ].filter(Boolean);
  const isCut = notRun > 0 || filesNotRun > 0;
  const state = failed > 0 || filesFailed > 0 ? 'failed' : isCut ? 'cut short' : passed > 0 ? 'passed' : 'failed';
  return { state, note: note.join(', ') };
}

function kernelTestsDetails(files: readonly KernelTestFile[]): string {
  const rows = files.map((file) => {
    const { passed, failed, notRun } = countTests([file]);
    return [file.path, `${passed}`, `${failed}`, `${notRun}`, `${(file.ms / 1000).toFixed(1)} s`];
  });
  const failures = files.flatMap(({ path, error, tests }) => [
    ...(error === undefined ? [] : [`**${path}**\n\n${codeBlock(error)}`]),
    ...tests
      .filter((test) => test.state === 'failed')
      .map((test) => `**${path} > ${test.name}**\n\n${codeBlock(test.error ?? 'no message')}`),
  ]);
  return [table(['file', 'passed', 'failed', 'not run', 'time'], rows), ...failures].join('\n\n');
}
