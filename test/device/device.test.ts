// The device: what it does, and in which order.
import { afterAll, describe, expect, it } from 'vitest';
import { DeviceMemoryError, type GpuBuffer, Kernel, KernelError } from '../../src/device/index.js';
import { testDevice } from '../support/device.js';
import { ADD, COUNT, read, slice, words } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

function bufferOf(...values: number[]): GpuBuffer {
  const buffer = device.allocate(values.length * 4);
  device.write(buffer, words(...values));
  return buffer;
}

const PARAMS = { amount: 10, limit: 0, factor: 0 };

describe('run', () => {
  const x = bufferOf(1, 2, 3, 4);
  const y = device.allocate(16);

  it('binds by name', async () => {
    device.run(ADD, { y: slice(y), x: slice(x) }, { factor: 2, limit: 5, amount: 10 }, 1);
    expect(await read(device, y, 4)).toEqual([18, 19, 20, 21]);
  });

  it('refuses a missing or an extra binding, also after the same run went well', () => {
    const good = { x: slice(x), y: slice(y) };
    const missing = () => device.run(ADD, { x: slice(x) } as never, PARAMS, 1);
    const extra = () => device.run(ADD, { ...good, z: slice(x) }, PARAMS, 1);
    for (let i = 0; i < 2; i++) {
      expect(missing).toThrow(new KernelError('test/add.wgsl: nothing bound to "y"', 'test/add.wgsl'));
      expect(extra).toThrow(new KernelError('test/add.wgsl: has no binding "z" (it has x, y)', 'test/add.wgsl'));
      device.run(ADD, good, PARAMS, 1);
    }
  });

  it('refuses one buffer read and written at once', async () => {
    expect(() => device.run(ADD, { x: slice(x), y: slice(x) }, PARAMS, 1)).toThrow(
      new KernelError('test/add.wgsl: "y" is written, but "x" is the same buffer', 'test/add.wgsl'),
    );
    await device.finish();
  });

  it.each([
    [{ amount: 1, limit: 2 }, 'parameter "factor" is missing'],
    [{ ...PARAMS, size: 1 }, 'unknown parameter size'],
    [{ ...PARAMS, amount: -1 }, 'parameter "amount" expected u32, got -1'],
    [{ ...PARAMS, amount: 1.5 }, 'parameter "amount" expected u32, got 1.5'],
    [{ ...PARAMS, limit: 3e9 }, 'parameter "limit" expected i32, got 3000000000'],
  ])('refuses parameters %o', (params, message) => {
    expect(() => device.run(ADD, { x: slice(x), y: slice(y) }, params as never, 1)).toThrow(
      new Error(`test/add.wgsl: ${message}`),
    );
  });

  it('refuses bindings larger than their buffer', () => {
    expect(() => device.run(ADD, { x: slice(x, 2 ** 20), y: slice(y) }, PARAMS, 1)).toThrow(
      new KernelError('test/add.wgsl: "x" binds 1048576 bytes of a buffer of 256', 'test/add.wgsl'),
    );
  });

  it.each(['test/add.wgsl', 'test/fresh.wgsl'])(
    'reports what WebGPU alone can see, also while %s may still be compiling',
    async (path) => {
      device.run(new Kernel(path, `${ADD.source}// ${path}`), { x: slice(x), y: slice(y) }, PARAMS, 1);
      device.copy(x, y, 2 ** 20);
      await expect(read(device, y, 1)).rejects.toBeInstanceOf(KernelError);
      await device.finish();
    },
  );

  it.each([1, 65_535, 65_536, 200_001])('visits each of %d workgroups once', async (workgroups) => {
    const seen = device.allocate(workgroups * 4);
    device.clear(seen, workgroups * 4);
    device.run(COUNT, { seen: slice(seen, workgroups * 4) }, {}, workgroups);
    const counts = await read(device, seen, workgroups);
    expect(counts.findIndex((count) => count !== 1)).toBe(-1);
    device.free(seen);
  });

  it('takes grids as they are, and refuses one that is too long', async () => {
    const seen = bufferOf(0, 0, 0, 0, 0, 0);
    device.run(COUNT, { seen: slice(seen, 24) }, {}, [2, 3]);
    expect(await read(device, seen, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(() => device.run(COUNT, { seen: slice(seen, 24) }, {}, [1, 70_000])).toThrow(
      new KernelError(
        'test/count.wgsl: grid [1, 70000, 1] exceeds 65535 workgroups along one dimension',
        'test/count.wgsl',
      ),
    );
  });

  it('does nothing for an empty grid', async () => {
    const seen = bufferOf(0, 0);
    device.run(COUNT, { seen: slice(seen, 8) }, {}, 0);
    device.run(COUNT, { seen: slice(seen, 8) }, {}, [3, 0]);
    expect(await read(device, seen, 2)).toEqual([0, 0]);
  });

  it('compiles and binds once for repeated dispatches', async () => {
    const bindings = { x: slice(x), y: slice(y) };
    device.run(ADD, bindings, PARAMS, 1);
    const before = device.counters();
    for (let i = 0; i < 1200; i++) device.run(ADD, bindings, PARAMS, 1);
    const after = device.counters();
    expect(after).toMatchObject({ pipelines: before.pipelines, bindGroups: before.bindGroups });
    expect([after.dispatches - before.dispatches, after.submits - before.submits]).toEqual([1200, 2]);
    await device.finish();
  });
});

describe('order', () => {
  it('of writes, dispatches, copies and clears is that of the calls', async () => {
    const [x, y, z] = [bufferOf(1, 1, 1, 1), device.allocate(16), device.allocate(16)];
    const bindings = { x: slice(x), y: slice(y) };
    const reads: Promise<number[]>[] = [];
    device.run(ADD, bindings, PARAMS, 1);
    reads.push(read(device, y, 4)); // 11
    device.write(x, words(2, 3, 4, 5));
    device.copy(y, z, 16); // 11: before the second run
    device.run(ADD, bindings, PARAMS, 1);
    reads.push(read(device, y, 4)); // 12 ...
    reads.push(read(device, z, 4));
    device.clear(y, 16);
    device.write(y, words(9), 4);
    reads.push(read(device, y, 4));
    expect(await Promise.all(reads)).toEqual([
      [11, 11, 11, 11],
      [12, 13, 14, 15],
      [11, 11, 11, 11],
      [0, 9, 0, 0],
    ]);
  });

  it('holds for a hundred reads in flight, awaited backwards', async () => {
    const buffer = device.allocate(4);
    const reads: Promise<number[]>[] = [];
    for (let i = 0; i < 100; i++) {
      device.write(buffer, words(i));
      reads.push(read(device, buffer, 1));
    }
    const values: number[] = [];
    for (const pending of reads.reverse()) values.push(...(await pending));
    expect(values).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i));
  });

  it('holds for a buffer freed and handed out again', async () => {
    const first = bufferOf(1);
    const pending = read(device, first, 1);
    device.free(first);
    const second = bufferOf(2);
    expect(second.id).toBe(first.id);
    expect([await pending, await read(device, second, 1)]).toEqual([[1], [2]]);
  });

  it('reads any number of bytes', async () => {
    const buffer = device.allocate(8);
    device.write(buffer, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    for (let size = 1; size <= 8; size++) {
      expect(Array.from(await device.read(buffer, size))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].slice(0, size));
    }
  });
});

describe('memory', () => {
  it('is reused: a repeated step gets the same buffers', () => {
    const step = () => {
      const buffers = [300, 5000, 300, 70_000].map((bytes) => device.allocate(bytes));
      for (const buffer of buffers) device.free(buffer);
      return buffers.map(({ id }) => id);
    };
    const ids = step();
    const before = device.memory();
    expect([step(), step()]).toEqual([ids, ids]);
    expect(device.memory()).toEqual(before);
  });

  it('goes back to the driver on trim, and the device works on', async () => {
    device.free(device.allocate(1_000_000));
    const { heldBytes } = device.memory();
    device.trim();
    expect(heldBytes - device.memory().heldBytes).toBeGreaterThanOrEqual(1_000_000);
    const [x, y] = [bufferOf(1, 2, 3, 4), device.allocate(16)];
    device.run(ADD, { x: slice(x), y: slice(y) }, PARAMS, 1);
    expect(await read(device, y, 4)).toEqual([11, 12, 13, 14]);
  });

  it('that cannot be bound is refused, saying what was asked and what there is', () => {
    const most = device.limit('maxStorageBufferBindingSize');
    expect(() => device.allocate(8 * most, 'activations')).toThrow(DeviceMemoryError);
    expect(() => device.allocate(8 * most, 'activations')).toThrow(
      /^activations: needs one buffer of \S+ .iB, but this device binds at most \S+ .iB; use a smaller batch$/,
    );
  });
});
