// What the dashboard's page makes of the server's answers.

import { describe, expect, it } from 'vitest';
import { History } from '../../../src/dashboard/history.js';
import type { RunEntry } from '../../../src/dashboard/messages.js';
import { defaultConfig } from '../../../src/train/index.js';
import { RunData } from '../../../web/dashboard/run_data.js';
import { epochLine, stepLine, topologyLine } from '../../dashboard/support.js';

const entry = (rest: Partial<RunEntry> = {}): RunEntry => ({
  ...{ name: 'run', config: { ...defaultConfig('mnist'), batchSize: 50, epochs: 2 }, isLive: false },
  ...{ changed: 1, metricsBytes: 100, ...rest },
});

/** Asks a history as the page asks the server. */
function ask(run: RunData, history: History): void {
  run.take({ ...history.since(run.edition, run.size), bytesLeft: 0 }, run.entry);
}

function historyOf(lines: readonly string[]): History {
  const history = new History();
  for (const line of lines) history.add(line);
  return history;
}

describe('RunData', () => {
  it('grows to what the history holds, however often it asks', () => {
    const history = new History();
    const run = new RunData(entry());
    for (let step = 0; step < 9000; step++) {
      history.add(stepLine(step));
      if (step % 20 === 0) history.add(topologyLine(step + 1, 'fc1'));
      if (step % 500 === 499) history.add(epochLine(step / 500, step + 1));
      if (step % 7 === 0) ask(run, history);
    }
    ask(run, history);
    const whole = new RunData(entry());
    ask(whole, history);
    for (const part of ['steps', 'epochs', 'updates'] as const) expect(run[part]).toEqual(whole[part]);
    expect(run.steps.step!.length).toBeLessThanOrEqual(2000);
    expect(run.smoothLoss).toEqual(whole.smoothLoss);
  });

  it('lacks nothing until the list says that the file has changed', () => {
    const run = new RunData(entry());
    expect(run.isBehind).toBe(true);
    ask(run, historyOf([stepLine(0)]));
    expect(run.isBehind).toBe(false);
    run.entry = entry({ metricsBytes: 200 });
    expect(run.isBehind).toBe(true);
  });

  it('shows the extremes of points that stand for many lines', () => {
    const history = historyOf(Array.from({ length: 4000 }, (_, step) => stepLine(step, step % 2 === 0 ? 1 : 3)));
    const run = new RunData(entry());
    ask(run, history);
    const { x, y } = run.losses;
    expect(x.slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(y.slice(0, 4)).toEqual([3, 1, 3, 1]);
    expect(new Set(run.ofSteps('loss').y)).toEqual(new Set([2]));
  });

  it('leaves out what lines do not say', () => {
    const run = new RunData(entry());
    ask(run, historyOf(['{"type":"step","step":0,"loss":1,"ms":10}', stepLine(1)]));
    expect(run.ofSteps('memoryBytes')).toEqual({ x: [2], y: [1024] });
    // 50 images in 10 and in 12.5 ms.
    expect(run.typicalMs.y).toEqual([10, 12.5]);
    expect(run.typicalRate).toEqual({ x: [1, 2], y: [5000, 4000] });
  });

  it('tells the speed that its plots end with, whatever single steps took', () => {
    const run = new RunData(entry());
    expect([run.ms, run.imagesPerSecond]).toEqual([Number.NaN, Number.NaN]);
    const line = (step: number) => JSON.stringify({ type: 'step', step, loss: 1, ms: step % 10 === 9 ? 900 : 20 });
    ask(run, historyOf(Array.from({ length: 100 }, (_, step) => line(step))));
    expect([run.ms, run.imagesPerSecond]).toEqual([20, 2500]);
    expect([run.typicalMs.y.at(-1), run.typicalRate.y.at(-1)]).toEqual([20, 2500]);
  });

  it.each([
    ['training', entry({ isLive: true }), [stepLine(0)]],
    ['stopped', entry(), [stepLine(0), epochLine(0, 1)]],
    ['finished', entry(), [stepLine(0), epochLine(0, 1), stepLine(1), epochLine(1, 2)]],
    ['finished', entry({ config: { ...defaultConfig('mnist'), maxSteps: 1 } }), [stepLine(0), epochLine(0, 1)]],
    ['stopped', entry({ config: undefined }), [stepLine(0), epochLine(0, 1)]],
  ])('is %s', (state, of, lines) => {
    const run = new RunData(of);
    ask(run, historyOf(lines));
    expect(run.state).toBe(state);
  });

  it('has a row for each epoch', () => {
    const run = new RunData(entry());
    ask(run, historyOf([epochLine(0, 1, 0.8), '{"type":"epoch","epoch":1,"step":2,"testLoss":1,"testAccuracy":0.9}']));
    expect(run.epochRows.map(({ epoch, testAccuracy }) => [epoch, testAccuracy])).toEqual([
      [0, 0.8],
      [1, 0.9],
    ]);
    expect(run.epochRows[1].trainLoss).toBeNaN();
  });

  it('knows its last and its best accuracy', () => {
    const run = new RunData(entry());
    expect(run.bestAccuracy).toBeNaN();
    ask(run, historyOf([epochLine(0, 1, 0.8), epochLine(1, 2, 0.7)]));
    expect([run.testAccuracy, run.bestAccuracy]).toEqual([0.7, 0.8]);
  });
});
