import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { UpdateSchedule } from '../../src/sparse/index.js';

describe('UpdateSchedule', () => {
  it('falls along a cosine from the initial fraction to 0', () => {
    const schedule = new UpdateSchedule({ updateInterval: 100, endStep: 75_000 });
    expect(schedule.dropFraction(0)).toBeCloseTo(0.3, 12);
    expect(schedule.dropFraction(25_000)).toBeCloseTo(0.3 * 0.75, 12);
    expect(schedule.dropFraction(37_500)).toBeCloseTo(0.15, 12);
    expect(schedule.dropFraction(50_000)).toBeCloseTo(0.3 * 0.25, 12);
    expect(schedule.dropFraction(74_999)).toBeGreaterThan(0);
    expect(schedule.dropFraction(74_999)).toBeLessThan(1e-9);
    expect(schedule.dropFraction(75_000)).toBe(0);
    expect(schedule.dropFraction(80_000)).toBe(0);
  });

  it('can stay constant, or fall with a power', () => {
    const constant = new UpdateSchedule({ updateInterval: 1, endStep: 10, initialFraction: 0.5, shape: 'constant' });
    expect([0, 5, 9, 10].map((step) => constant.dropFraction(step))).toEqual([0.5, 0.5, 0.5, 0]);
    const inverse = { updateInterval: 1, endStep: 10, initialFraction: 1, shape: 'inverse-power' } as const;
    expect(new UpdateSchedule(inverse).dropFraction(5)).toBeCloseTo(0.125, 12);
    expect(new UpdateSchedule({ ...inverse, power: 1 }).dropFraction(3)).toBeCloseTo(0.7, 12);
  });

  it('updates after every interval, until endStep', () => {
    const schedule = new UpdateSchedule({ updateInterval: 3, endStep: 9 });
    const steps = Array.from({ length: 20 }, (_, step) => step).filter((step) => schedule.isUpdateStep(step));
    expect(steps).toEqual([2, 5, 8]);
    const never = new UpdateSchedule({ updateInterval: 3, endStep: 0 });
    expect([0, 2, 5].some((step) => never.isUpdateStep(step))).toBe(false);
    expect(never.dropFraction(0)).toBe(0);
  });

  it('begins late, with the whole fraction', () => {
    const schedule = new UpdateSchedule({ updateInterval: 10, beginStep: 25, endStep: 65, initialFraction: 0.4 });
    const steps = Array.from({ length: 90 }, (_, step) => step).filter((step) => schedule.isUpdateStep(step));
    expect(steps).toEqual([29, 39, 49, 59]);
    expect(schedule.dropFraction(25)).toBeCloseTo(0.4, 12);
    expect(schedule.dropFraction(45)).toBeCloseTo(0.2, 12);
    expect([0, 29, 30, 59, 60].map((step) => schedule.nextUpdate(step))).toEqual([29, 29, 39, 59, undefined]);
  });

  it('can stop before its fraction has fallen to 0', () => {
    const schedule = new UpdateSchedule({ updateInterval: 10, endStep: 50, decayEndStep: 100 });
    expect(schedule.dropFraction(49)).toBeCloseTo(0.15 * (1 + Math.cos(0.49 * Math.PI)), 12);
    expect(schedule.dropFraction(50)).toBe(0);
    expect(schedule.nextUpdate(50)).toBeUndefined();
  });

  it.each([
    [{ updateInterval: 0 }, 'expected updateInterval a positive integer, got 0'],
    [{ updateInterval: 2.5 }, 'expected updateInterval a positive integer, got 2.5'],
    [{ endStep: -1 }, 'expected endStep at least 0, got -1'],
    [{ endStep: Number.NaN }, 'expected endStep at least 0, got NaN'],
    [{ beginStep: -1 }, 'expected beginStep at least 0, got -1'],
    [{ decayEndStep: Number.NaN }, 'expected decayEndStep at least 0, got NaN'],
    [{ initialFraction: 1.2 }, 'expected initialFraction in [0, 1], got 1.2'],
    [{ shape: 'linear' as never }, 'expected shape cosine | constant | inverse-power, got linear'],
    [{ power: -1 }, 'expected power at least 0, got -1'],
  ])('refuses %o', (change, message) => {
    expect(() => new UpdateSchedule({ updateInterval: 1, endStep: 1, ...change })).toThrow(
      new InputError(`UpdateSchedule: ${message}`),
    );
  });
});
