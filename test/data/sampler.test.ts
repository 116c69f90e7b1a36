// The order and the augmentation of an epoch.
import { describe, expect, it } from 'vitest';
import { batches, epochSamples } from '../../src/data/index.js';
import { BORDER } from '../../src/data/sampler.js';
import { InputError } from '../../src/device/index.js';
import { packSample } from '../../src/shaders/index.js';

const CIFAR = { padding: 4, flip: true };
const options = { count: 1000, epoch: 3, seed: 7, shuffle: true };
const indices = (samples: Uint32Array) => samples.filter((_, i) => i % 2 === 0);
const changes = (samples: Uint32Array) => samples.filter((_, i) => i % 2 === 1);
const inOrder = Uint32Array.from({ length: 1000 }, (_, i) => i);

describe('epochSamples', () => {
  it('shows every image once, in an order that depends on epoch and seed alone', () => {
    const order = indices(epochSamples(options));
    expect(order.toSorted()).toEqual(inOrder);
    expect(order).not.toEqual(inOrder);
    expect(indices(epochSamples(options))).toEqual(order);
    expect(indices(epochSamples({ ...options, augmentation: CIFAR }))).toEqual(order);
    const others = [{ epoch: 4 }, { epoch: 2 }, { seed: 8 }, { epoch: 2, seed: 8 }, { epoch: 7, seed: 3 }];
    for (const other of others) {
      const same = indices(epochSamples({ ...options, ...other })).filter((image, i) => image === order[i]);
      expect(same.length).toBeLessThan(10);
    }
  });

  it('shows the images as they are and in order without shuffling and augmentation', () => {
    const samples = epochSamples({ ...options, shuffle: false });
    expect(indices(samples)).toEqual(inOrder);
    expect(new Set(changes(samples))).toEqual(new Set([packSample(BORDER, BORDER, false)]));
  });

  it('crops uniformly within the padding and mirrors half of the images, anew in every epoch', () => {
    const count = 162_000;
    const seen = new Map<number, number>();
    const drawn = changes(epochSamples({ count, epoch: 0, seed: 1, shuffle: false, augmentation: CIFAR }));
    for (const change of drawn) seen.set(change, (seen.get(change) ?? 0) + 1);
    const expected = new Set<number>();
    for (let top = -4; top <= 4; top++)
      for (let left = -4; left <= 4; left++)
        for (const flip of [false, true]) expected.add(packSample(BORDER + top, BORDER + left, flip));
    expect(new Set(seen.keys())).toEqual(expected);
    // 1000 each; six standard deviations of a binomial count.
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(190);
    const next = changes(epochSamples({ count, epoch: 1, seed: 1, shuffle: false, augmentation: CIFAR }));
    const same = next.filter((change, i) => change === drawn[i]).length;
    expect(Math.abs(same - 1000)).toBeLessThan(190);
  });

  it('mirrors nothing where the data set forbids it', () => {
    const digits = { ...options, augmentation: { padding: 2, flip: false } };
    const expected = new Set<number>();
    for (let top = -2; top <= 2; top++)
      for (let left = -2; left <= 2; left++) expected.add(packSample(BORDER + top, BORDER + left, false));
    expect(new Set(changes(epochSamples(digits)))).toEqual(expected);
  });
});

describe('batches', () => {
  it('covers the epoch, or drops what does not fill a batch', () => {
    const full = [
      { first: 0, size: 4 },
      { first: 4, size: 4 },
    ];
    expect(batches(10, 4)).toEqual([...full, { first: 8, size: 2 }]);
    expect(batches(10, 4, true)).toEqual(full);
    expect(batches(8, 4)).toEqual(full);
    expect(batches(3, 4)).toEqual([{ first: 0, size: 3 }]);
  });

  it.each([
    [10, 0, false, 'batch size: expected a positive whole number, got 0'],
    [10, 2.5, false, 'batch size: expected a positive whole number, got 2.5'],
    [3, 4, true, 'batch size: expected at least 4 images, one full batch, got 3'],
    [0, 4, false, 'batch size: expected at least one image, got 0'],
  ])('refuses %d images in batches of %d', (count, batchSize, dropLast, message) => {
    const cut = () => batches(count, batchSize, dropLast);
    expect(cut).toThrow(InputError);
    expect(cut).toThrow(message);
  });
});
