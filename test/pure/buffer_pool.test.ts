// The buffer pool by itself, on stand-ins for GPU buffers.
import { describe, expect, it } from 'vitest';
import { BufferPool, formatBytes, sizeClass } from '../../src/device/buffer_pool.js';
import { DeviceMemoryError } from '../../src/device/errors.js';

const KIB = 1024;

/** A pool over buffers that only count how many exist. */
function poolOf(largestBytes: number) {
  const existing = new Set<object>();
  const gpu = {
    createBuffer({ size }: { size: number }) {
      const handle = { size, destroy: () => existing.delete(handle) };
      existing.add(handle);
      return handle;
    },
  };
  const failures: (() => void)[] = [];
  const guard = <T>(create: () => T, onFailure: () => void): T => {
    failures.push(onFailure);
    return create();
  };
  return { pool: new BufferPool(gpu as never, 0, largestBytes, guard), existing, failures };
}

describe('sizeClass', () => {
  it('holds what was asked for, wastes at most a quarter, in multiples of 16', () => {
    for (let bytes = 1; bytes < 100_000; bytes++) {
      const size = sizeClass(bytes);
      if (size < bytes || size % 16 !== 0 || (bytes > 256 && size >= 1.25 * bytes)) {
        throw new Error(`sizeClass(${bytes}) is ${size}`);
      }
    }
    expect([1, 256, 257, 320, 321, 512, 513, 2 ** 30, 2 ** 30 + 1, 3 * 2 ** 31].map(sizeClass)).toEqual([
      256,
      256,
      320,
      320,
      384,
      512,
      640,
      2 ** 30,
      1.25 * 2 ** 30,
      3 * 2 ** 31,
    ]);
  });

  it('knows four classes between powers of two, and leaves a class as it is', () => {
    const classes = new Set<number>();
    for (let bytes = 4097; bytes <= 8192; bytes++) classes.add(sizeClass(bytes));
    expect([...classes]).toEqual([5120, 6144, 7168, 8192]);
    for (const size of classes) expect(sizeClass(size)).toBe(size);
  });
});

describe('BufferPool', () => {
  it('never hands a buffer out again that there was no memory for', () => {
    const { pool, existing, failures } = poolOf(KIB);
    const [inUse, waiting] = [pool.acquire(300, 'x'), pool.acquire(300, 'x')];
    pool.release(waiting);
    for (const fail of failures) fail();
    expect(pool.statistics()).toMatchObject({ buffers: 1, heldBytes: 320, usedBytes: 320 });
    pool.release(inUse);
    expect(existing.size).toBe(0);
    expect(pool.statistics()).toMatchObject({ buffers: 0, heldBytes: 0, usedBytes: 0 });
    expect([inUse.id, waiting.id]).not.toContain(pool.acquire(300, 'x').id);
  });

  it('hands the free buffer of lowest id out again, in whatever order they came back', () => {
    const { pool } = poolOf(KIB);
    const buffers = [1, 2, 3, 4].map(() => pool.acquire(300, 'x'));
    const ids = buffers.map(({ id }) => id);
    for (const i of [2, 0, 3, 1]) pool.release(buffers[i]);
    expect([1, 2, 3, 4].map(() => pool.acquire(310, 'x').id)).toEqual(ids);
    expect(ids).not.toContain(pool.acquire(310, 'x').id);
  });

  it('keeps classes apart and counts bytes', () => {
    const { pool, existing } = poolOf(10 * KIB);
    const [small, large] = [pool.acquire(200, 'x'), pool.acquire(5000, 'x')];
    pool.release(large);
    expect(pool.acquire(100, 'x').id).not.toBe(large.id);
    expect(pool.statistics()).toEqual({ heldBytes: 5632, usedBytes: 512, peakUsedBytes: 5376, buffers: 3 });
    pool.release(small);
    pool.trim();
    expect(pool.statistics()).toEqual({ heldBytes: 256, usedBytes: 256, peakUsedBytes: 5376, buffers: 1 });
    expect(existing.size).toBe(1);
    expect(pool.acquire(5000, 'x').id).not.toBe(large.id);
  });

  it('cuts the last class to what can be bound, and always holds what was asked for', () => {
    // NVIDIA's limit is 2 GiB - 4.
    const { pool } = poolOf(2 ** 31 - 4);
    expect(pool.acquire(2 ** 31 - 16, 'x').sizeBytes).toBe(2 ** 31 - 16);
    expect(() => pool.acquire(2 ** 31 - 8, 'x')).toThrow(DeviceMemoryError);
  });

  it('refuses what cannot be bound, saying what was asked and what there is', () => {
    const { pool, existing } = poolOf(128 * KIB * KIB);
    expect(() => pool.acquire(3 * 2 ** 30, 'tensor [3,1024] f32')).toThrow(
      new DeviceMemoryError(
        'tensor [3,1024] f32: needs one buffer of 3.00 GiB, but this device binds at most 128.0 MiB; use a smaller batch',
      ),
    );
    expect(existing.size).toBe(0);
  });
});

it('formatBytes uses the unit that fits', () => {
  expect([0, 1023, 1024, 1.5 * KIB ** 2, 3 * KIB ** 3].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '3.00 GiB',
  ]);
});
