// A run's lines as columns, and how long histories are thinned.

import { describe, expect, it } from 'vitest';
import type { LayerFacts, Line, StepLine } from '../../web/messages.js';
import { RunSeries } from '../../web/page/series.js';
import { addLine } from '../../web/worker/history.js';

const LAYERS: LayerFacts[] = [
  { name: 'a', shape: [10, 10], pattern: 'mask', active: 20, size: 100 },
  { name: 'b', shape: [10, 30], pattern: 'mask', active: 30, size: 300 },
];

function stepLine(step: number, loss = 1): StepLine {
  return { type: 'step', step, epoch: 0, loss, lr: 0.1, ms: 5, accuracy: 0.5, imagesPerSecond: 100, memoryBytes: 64 };
}

function topologyLine(step: number, layer: string, explored: number): Line {
  const [nnz, size] = layer === 'a' ? [20, 100] : [30, 300];
  return { type: 'topology', step, layer, candidates: 5, dropped: 5, grown: 5, nnz, size, explored, ms: 1 };
}

describe('RunSeries', () => {
  it('counts steps from 1 and smooths from the first value on', () => {
    const series = new RunSeries(LAYERS);
    for (const [step, loss] of [3, 1, 1].entries()) series.add(stepLine(step, loss));
    expect(series.steps.step).toEqual([1, 2, 3]);
    expect(series.steps.smoothLoss[0]).toBe(3);
    expect(series.steps.smoothLoss[1]).toBeCloseTo((0.9 * 3 + 1) / 1.9);
    expect(series.steps.smoothLoss[2]).toBeLessThan(series.steps.smoothLoss[1]);
  });

  it('tells typical times, whatever single steps took', () => {
    const series = new RunSeries(LAYERS);
    for (const [step, ms] of [9000, 5, 6, 5, 7000, 5, 5].entries()) series.add({ ...stepLine(step), ms });
    expect(series.steps.ms[4]).toBe(7000);
    expect(series.steps.typicalMs.slice(2)).toEqual([6, 6, 6, 6, 5]);
  });

  it('weighs layers by their size, with one entry an update', () => {
    const series = new RunSeries(LAYERS);
    series.add(topologyLine(24, 'a', 0.5));
    series.add(topologyLine(24, 'b', 0.2));
    expect(series.updates.step).toEqual([25]);
    expect(series.updates.sparsity).toEqual([1 - 50 / 400]);
    expect(series.updates.explored[0]).toBeCloseTo((0.5 * 100 + 0.2 * 300) / 400);
  });
});

describe('addLine', () => {
  it('thins steps of long runs evenly, and keeps every epoch', () => {
    const history: Line[] = [];
    for (let step = 0; step < 9000; step++) {
      addLine(history, stepLine(step));
      if (step % 1000 === 0) addLine(history, { type: 'epoch', epoch: step / 1000 } as Line);
    }
    const steps = history.flatMap((line) => (line.type === 'step' ? [line.step] : []));
    expect(steps.length).toBeLessThanOrEqual(4000);
    expect(steps.length).toBeGreaterThan(2000);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(8999);
    expect(history.filter(({ type }) => type === 'epoch')).toHaveLength(9);
  });
});
