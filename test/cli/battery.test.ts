// The battery without a device: its budget, what it saves and when, its verdicts, its summary.

import { describe, expect, it } from 'vitest';
import {
  type BatteryPart,
  type BatteryRecord,
  exitCodeOf,
  type PartContext,
  type PartResult,
  runBattery,
} from '../../src/cli/battery/battery.js';
import type { KernelTestFile, KernelTests } from '../../src/cli/battery/kernel_tests.js';
import { countTests, kernelTestsPart, kernelTestsResult } from '../../src/cli/battery/kernel_tests_part.js';
import { batterySummary, codeBlock, table } from '../../src/cli/battery/summary.js';
import { trainingResult } from '../../src/cli/battery/training_part.js';
import { AdapterError } from '../../src/device/index.js';
import type { EpochEvent, StepEvent } from '../../src/train/index.js';

/** A clock that only parts move, and everything that was saved, as it was at that time. */
function bench() {
  const clock = { ms: 5000 };
  const saved: BatteryRecord[] = [];
  const lines: string[] = [];
  const part = (
    name: string,
    run: (context: PartContext) => Promise<PartResult> | PartResult,
    more: Partial<BatteryPart> = {},
  ): BatteryPart => ({
    ...{
      name,
      title: `Part ${name}`,
      leastSeconds: 0,
      share: 1,
      data: () => ({ of: name }),
      details: () => `All of ${name}.`,
    },
    run: async (context) => run(context),
    ...more,
  });
  const run = (parts: BatteryPart[], minutes = 1) =>
    runBattery(parts, {
      command: 'shuffleblock battery --minutes 1',
      minutes,
      now: () => clock.ms,
      log: (line) => lines.push(line),
      save: async (record) => void saved.push(structuredClone(record)),
    });
  return { clock, saved, lines, part, run };
}

const passed: PartResult = { state: 'passed', note: 'fine' };

describe('budget', () => {
  it('gives each part its share of what is left, and later parts what earlier ones did not use', async () => {
    const { clock, part, run } = bench();
    const given: number[] = [];
    const spend = (seconds: number) => (context: PartContext) => {
      given.push(context.secondsLeft());
      clock.ms += seconds * 1000;
      return passed;
    };
    await run([part('a', spend(10), { share: 0.5 }), part('b', spend(40), { share: 1 }), part('c', spend(0))]);
    expect(given).toEqual([30, 50, 10]);
  });

  it('tells a part when its time is over', async () => {
    const { clock, part, run } = bench();
    let rounds = 0;
    const work = ({ isOver }: PartContext) => {
      for (; !isOver(); rounds++) clock.ms += 7000;
      return passed;
    };
    const record = await run([part('a', work, { share: 0.5 })]);
    expect(rounds).toBe(5);
    expect(record.parts[0].seconds).toBe(35);
  });

  it('leaves out a part that does not fit and says why, and still runs a shorter one', async () => {
    const { clock, part, run, lines } = bench();
    const long = part('long', () => {
      clock.ms += 50_000;
      return passed;
    });
    const record = await run([long, part('big', () => passed, { leastSeconds: 20 }), part('small', () => passed)]);
    expect(record.parts.map(({ state }) => state)).toEqual(['passed', 'not run', 'passed']);
    expect(record.parts[1].note).toBe('needs at least 20 s, 10 s were left');
    expect(lines).toContain('Part big: not run, needs at least 20 s, 10 s were left');
    expect(exitCodeOf(record)).toBe(0);
  });
});

describe('failures', () => {
  it('records what a part threw, with what it had measured, and goes on', async () => {
    const { part, run, saved } = bench();
    const broken = part('broken', () => {
      throw new Error('device lost\nsecond line');
    });
    const record = await run([broken, part('next', () => passed)]);
    const [first, second] = record.parts;
    expect(first).toMatchObject({ state: 'failed', note: 'device lost', data: { of: 'broken' } });
    expect(first.error).toContain('device lost\nsecond line\n    at ');
    expect(second.state).toBe('passed');
    expect(saved.at(-1)).toEqual(record);
    expect(exitCodeOf(record)).toBe(1);
  });

  it('does not try the other parts without an adapter', async () => {
    const { part, run } = bench();
    const none = part('adapter', () => {
      throw new AdapterError('no GPU adapter found');
    });
    const record = await run([none, part('next', () => passed)]);
    expect(record.parts.map(({ state, note }) => [state, note])).toEqual([
      ['failed', 'no GPU adapter found'],
      ['not run', 'there is no adapter'],
    ]);
    expect(exitCodeOf(record)).toBe(1);
  });

  it('does not call a run passed that was cut short', async () => {
    const { part, run, lines } = bench();
    const record = await run([part('a', () => ({ state: 'cut short', note: 'half of it' }))]);
    expect(exitCodeOf(record)).toBe(1);
    expect(lines.at(-1)).toBe('Part a: cut short, half of it; it needs more --minutes');
  });
});

describe('saving', () => {
  it('saves before, within and after every part', async () => {
    const { clock, part, run, saved } = bench();
    const count = { done: 0 };
    const slow = async ({ progressed }: PartContext) => {
      for (count.done = 1; count.done <= 6; count.done++) {
        clock.ms += 1000;
        await progressed();
      }
      return passed;
    };
    await run([part('slow', slow, { data: () => ({ ...count }) }), part('next', () => passed)]);
    const slowStates = saved.map(({ parts: [{ state, data }] }) => [state, (data as typeof count)?.done]);
    // Every second second while it runs.
    expect(slowStates.slice(0, 5)).toEqual([
      ['running', undefined],
      ['running', 2],
      ['running', 4],
      ['running', 6],
      ['passed', 7],
    ]);
    expect(saved.map(({ finished }) => finished)).toEqual([...Array(saved.length - 1).fill(false), true]);
  });
});

describe('summary', () => {
  it('holds every part: results, reasons, errors, details', async () => {
    const { part, run } = bench();
    const parts = [
      part('a', () => passed),
      part('b', () => {
        throw new Error('no `way`');
      }),
      part('c', () => passed, { leastSeconds: 1e6 }),
    ];
    const text = batterySummary(await run(parts), parts);
    expect(text).toContain('```\nshuffleblock battery --minutes 1\n```');
    expect(text).toContain('| Part a | passed | 0 s | fine |');
    expect(text).toContain('| Part b | failed | 0 s | no `way` |');
    expect(text).toContain('| Part c | not run |  | needs at least 1000000 s, 60 s were left |');
    expect(text).toContain('## Part a\n\nAll of a.');
    expect(text).toMatch(/## Part b\n\n```\nError: no `way`\n {4}at [\s\S]*```\n\nAll of b\./);
    expect(text).not.toContain('All of c.');
    expect(text).not.toContain('cut off');
  });

  it('of an unfinished run says so, and names the parts to come', async () => {
    const { part, run, saved } = bench();
    const parts = [part('a', () => passed), part('b', () => passed)];
    await run(parts);
    const text = batterySummary(saved[0], parts);
    expect(text).toContain('The run goes on, or was cut off');
    expect(text).toContain('| Part a | running | 0 s |  |');
    expect(text).toContain('| Part b | not reached |  |  |');
  });

  it('keeps cells and code in their place', () => {
    expect(table(['x'], [['a|b\nc']])).toBe('| x |\n| --- |\n| a\\|b c |');
    expect(codeBlock('a ``` b')).toBe('````\na ``` b\n````');
  });
});

describe('kernel tests', () => {
  const test = (state: 'passed' | 'failed' | 'not run') => ({ name: `one ${state}`, state, ms: 1 });
  const file = (state: KernelTestFile['state'], tests: KernelTestFile['tests'], error?: string): KernelTestFile => ({
    ...{ path: 'test/shaders/x.test.ts', state, tests, ms: 2, error },
  });
  const good = file('passed', [test('passed'), test('passed')]);

  it.each([
    ['all passed', [good, good], { state: 'passed', note: '4 passed' }],
    ['one failed', [good, file('failed', [test('failed')])], { state: 'failed', note: '2 passed, 1 failed' }],
    [
      'a file does not load',
      [good, file('failed', [], 'no such kernel')],
      { state: 'failed', note: '2 passed, 1 files did not load or clean up' },
    ],
    [
      'time over within a file and before another',
      [good, file('not run', [test('passed'), test('not run')]), file('not run', [])],
      { state: 'cut short', note: '3 passed, 1 not run, 1 of 3 files not reached' },
    ],
    ['none there', [], { state: 'failed', note: '0 passed' }],
  ] as const)('%s', (_, files, result) => {
    expect(kernelTestsResult(files)).toEqual(result);
  });

  it('keeps the files that were done when the runner breaks, with the messages of failures', async () => {
    const failure = { name: 'matmul > 1 x 1', state: 'failed', ms: 3, error: 'expected 1, got NaN' } as const;
    const tests: KernelTests = {
      list: async () => [],
      async run({ onFile }) {
        await onFile(file('failed', [failure, test('passed')]), 1, 2);
        throw new Error('the runner broke');
      },
    };
    const part = kernelTestsPart({ adapter: 'auto' }, async () => tests);
    const { run } = bench();
    const record = await run([part]);
    expect(record.parts[0]).toMatchObject({
      state: 'failed',
      note: 'the runner broke',
      data: { passed: 1, failed: 1 },
    });
    expect(part.details()).toContain('**test/shaders/x.test.ts > matmul > 1 x 1**\n\n```\nexpected 1, got NaN\n```');
    expect(part.details()).toContain('| test/shaders/x.test.ts | 1 | 1 | 0 | 0.0 s |');
    expect(countTests([])).toEqual({ passed: 0, failed: 0, notRun: 0, filesFailed: 0, filesNotRun: 0 });
  });

  it('say how to get them where they were not built', async () => {
    const { run } = bench();
    const record = await run([kernelTestsPart({ adapter: 'auto' })]); // The sources have no bundle beside them.
    expect(record.parts[0]).toMatchObject({ state: 'failed' });
    expect(record.parts[0].note).toContain(
      'expected dist/battery/kernel_tests.js, got none; `npm ci && npm run build`',
    );
  });
});

describe('training', () => {
  const steps = (losses: number[]): StepEvent[] =>
    losses.map((loss, i) => ({ type: 'step', step: 5 * i + 4, epoch: 0, loss, lr: 0.1, ms: 10 + i, memoryBytes: 64 }));
  const falling = steps([2.4, 2.2, 2, 1.5, 1, 0.8, 0.6, 0.4]);

  it('passes if the loss fell', () => {
    const epoch = { testAccuracy: 0.905 } as EpochEvent;
    expect(trainingResult(falling, [epoch], 40)).toEqual({
      state: 'passed',
      note: 'loss 2.300 to 0.500 in 40 of 40 steps, test accuracy 90.5%, 13.5 ms a step',
    });
  });

  it.each([
    ['does not fall', [2, 2, 2, 2, 2, 2, 2, 2]],
    ['is not a number', [2, 2, 2, 2, 2, 2, 2, Number.NaN]],
  ])('fails if the loss %s', (_, losses) => {
    const result = trainingResult(steps(losses), [], 40);
    expect(result.state).toBe('failed');
    expect(result.note).toContain('the loss did not fall');
  });

  it('is cut short before its last step', () => {
    expect(trainingResult(falling, [], 41).state).toBe('cut short');
    expect(trainingResult(steps([2]), [], 41)).toEqual({ state: 'cut short', note: '5 of 41 steps, too few to judge' });
    expect(trainingResult([], [], 41).note).toBe('0 of 41 steps, too few to judge');
  });
});
