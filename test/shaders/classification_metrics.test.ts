import { describe, expect, it } from 'vitest';
import {
  accumulateMetrics,
  type MetricTotals,
} from '../../src/shaders/classification_metrics/classification_metrics.js';
import { Tensor } from '../../src/tensor/index.js';
import { normalValues } from '../support/compare.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();

function zeroTotals(): MetricTotals {
  return { lossSum: Tensor.zeros(device, [2]), counts: Tensor.zeros(device, [3], 'u32') };
}

function add(totals: MetricTotals, loss: number, classes: number, logits: ArrayLike<number>, labels: number[]): void {
  accumulateMetrics(
    Tensor.from(device, [loss], [1]),
    Tensor.from(device, logits, [classes, labels.length]),
    Tensor.from(device, labels, [labels.length], 'u32'),
    totals,
  );
}

async function countsOf(classes: number, logits: ArrayLike<number>, labels: number[]): Promise<number[]> {
  const totals = zeroTotals();
  add(totals, 1, classes, logits, labels);
  return [...(await totals.counts.read())];
}

/** Sorts the classes of each sample: larger logits first, then lower indices. */
function reference(classes: number, logits: ArrayLike<number>, labels: number[]): number[] {
  const samples = labels.length;
  const within = (n: number, top: number) =>
    Array.from({ length: classes }, (_, k) => k)
      .sort((a, b) => logits[b * samples + n] - logits[a * samples + n] || a - b)
      .slice(0, top)
      .includes(labels[n]);
  return [samples, ...[1, 5].map((top) => labels.filter((_, n) => within(n, top)).length)];
}

describe('accumulateMetrics', () => {
  it.each([
    [1, 1],
    [2, 3],
    [10, 8],
    [10, 129],
    [17, 9],
    [100, 64],
    [1000, 33],
    [10, 1024],
  ])('counts of %i classes, %i samples', async (classes, samples) => {
    // Quarters, so that there are ties.
    const logits = normalValues(classes * samples, classes).map((value) => Math.round(value * 4) / 4);
    const labels = Array.from({ length: samples }, (_, n) => (n * 3) % classes);
    expect(await countsOf(classes, logits, labels)).toEqual(reference(classes, logits, labels));
  });

  it('ranks the lower index first among equals', async () => {
    const ones = new Float32Array(8 * 8).fill(1);
    expect(await countsOf(8, ones, [0, 1, 2, 3, 4, 5, 6, 7])).toEqual([8, 1, 5]);
    expect(await countsOf(2, [0, -0, -0, 0], [0, 0])).toEqual([2, 2, 2]);
  });

  it('takes a sample with a NaN, or with a label that is no class, for wrong', async () => {
    const logits = Float32Array.from({ length: 3 * 20 }, (_, i) => (i < 3 ? 5 : 0)); // Class 0 wins everywhere.
    expect(await countsOf(20, logits, [0, 0, 0])).toEqual([3, 3, 3]);
    logits[0] = Number.NaN; // The label of sample 0.
    logits[17 * 3 + 1] = Number.NaN; // Another class of sample 1.
    expect(await countsOf(20, logits, [0, 0, 0])).toEqual([3, 1, 1]);
    expect(await countsOf(20, logits, [0, 0, 20])).toEqual([3, 0, 0]);
    expect(await countsOf(20, new Float32Array(60).fill(Number.NaN), [0, 1, 2])).toEqual([3, 0, 0]);
  });

  it('orders infinite logits', async () => {
    const { POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;
    expect(await countsOf(2, [up, 0, down, 0, up, down], [0, 1, 1])).toEqual([3, 2, 3]);
  });

  it('adds batch after batch', async () => {
    const totals = zeroTotals();
    for (const loss of [0.5, 1.25, 2]) add(totals, loss, 2, [1, 1, 1, 0, 0, 0], [0, 1, 0]);
    expect([...(await totals.counts.read())]).toEqual([9, 6, 9]);
    expect([...(await totals.lossSum.read())]).toEqual([11.25, 0]);
  });

  it('keeps what a plain float sum would lose', async () => {
    const totals = zeroTotals();
    totals.lossSum.write([2 ** 24, 0]);
    for (let batch = 0; batch < 301; batch++) add(totals, 0.25, 1, [0, 0, 0, 0], [0, 0, 0, 0]);
    const [sum, excess] = await totals.lossSum.read();
    expect(sum - excess).toBe(2 ** 24 + 301);
  });

  it('a NaN loss stays in the sum', async () => {
    const totals = zeroTotals();
    add(totals, Number.NaN, 1, [0], [0]);
    add(totals, 1, 1, [0], [0]);
    expect((await totals.lossSum.read())[0]).toBeNaN();
  });

  it('says what does not fit', () => {
    const loss = Tensor.zeros(device, [1]);
    const logits = Tensor.zeros(device, [10, 4]);
    const labels = Tensor.zeros(device, [4], 'u32');
    const totals = zeroTotals();
    const wrongTotals = { ...totals, counts: Tensor.zeros(device, [3]) };
    expect(() => accumulateMetrics(Tensor.zeros(device, [4]), logits, labels, totals)).toThrow(
      'accumulateMetrics: expected loss f32 [1], got f32 [4]',
    );
    expect(() => accumulateMetrics(loss, logits, labels, wrongTotals)).toThrow('expected counts u32 [3], got f32 [3]');
  });
});
