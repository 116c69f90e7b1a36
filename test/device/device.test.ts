// The device: what it does, in which order, and above all what it says when something is wrong.
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  type Device,
  DeviceLostError,
  DeviceMemoryError,
  type GpuBuffer,
  Kernel,
  KernelError,
  openDevice,
} from '../../src/device/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
afterAll(() => device.destroy());

const ADD = new Kernel(
  'test/add.wgsl',
  `struct Params { amount: u32, limit: i32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&x)) { y[id.x] = x[id.x] + params.amount + u32(params.limit) + u32(params.factor); }
}`,
);

const COUNT = new Kernel(
  'test/count.wgsl',
  `@group(0) @binding(0) var<storage, read_write> seen: array<u32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = group.x + group.y * groups.x;
  if (i < arrayLength(&seen)) { seen[i] += 1u; }
}`,
);

/** Line 4 has the mistake, at column 10. */
const BROKEN = `// A kernel that does not compile.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() {
  y[0] = missing;
}`;

const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
const slice = (buffer: GpuBuffer, sizeBytes = 16) => ({ buffer, sizeBytes });

async function read(on: Device, buffer: GpuBuffer, count: number): Promise<number[]> {
  return Array.from(new Uint32Array((await on.read(buffer, count * 4)).buffer));
}

function bufferOf(...values: number[]): GpuBuffer {
  const buffer = device.allocate(values.length * 4);
  device.write(buffer, words(...values));
  return buffer;
}

const PARAMS = { amount: 10, limit: 0, factor: 0 };

/** What the device throws at some call within the next moments: WebGPU tells of mistakes late. */
async function nextError(on: Device): Promise<unknown> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      on.submit();
    } catch (error) {
      return error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return undefined;
}

describe('a kernel that does not compile', () => {
  it('is reported by the next call with path, line and column', async () => {
    const buffer = device.allocate(16);
    device.run(new Kernel('test/broken_next.wgsl', BROKEN), { y: slice(buffer) }, {}, 1);
    const error = await nextError(device);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({ kernel: 'test/broken_next.wgsl', line: 4, column: 10 });
    expect((error as Error).message).toMatch(/^test\/broken_next\.wgsl:4:10: .*missing/);
  });

  it('is reported by a read that follows, instead of values', async () => {
    const buffer = device.allocate(16);
    device.run(new Kernel('test/broken_read.wgsl', `\n${BROKEN}`), { y: slice(buffer) }, {}, 1);
    await expect(device.read(buffer, 4)).rejects.toMatchObject({ name: 'KernelError', line: 5, column: 10 });
  });

  it('is reported by finish', async () => {
    device.run(new Kernel('test/broken_finish.wgsl', `${BROKEN}\n`), { y: slice(device.allocate(16)) }, {}, 1);
    await expect(device.finish()).rejects.toThrow(/^test\/broken_finish\.wgsl:4:10: /);
  });

  it('is refused when it is run again, and the device goes on', async () => {
    const broken = new Kernel('test/broken_twice.wgsl', `\n\n${BROKEN}`);
    const run = () => device.run(broken, { y: slice(device.allocate(16)) }, {}, 1);
    run();
    await expect(device.finish()).rejects.toThrow(/^test\/broken_twice\.wgsl:6:10: /);
    expect(run).toThrow(/^test\/broken_twice\.wgsl:6:10: /);
    await device.finish();
    expect(await read(device, bufferOf(7), 1)).toEqual([7]);
  });

  it('is reported where it names an entry point, a type or a size that is wrong', async () => {
    const sources = {
      'no_main.wgsl': '@compute @workgroup_size(1) fn other() {}',
      'too_large.wgsl': '@compute @workgroup_size(4096) fn main() {}',
      'wrong_type.wgsl': `@group(0) @binding(0) var<storage, read> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = 1.0; }`,
    };
    for (const [path, source] of Object.entries(sources)) {
      const kernel = new Kernel(path, source);
      const bindings = Object.fromEntries(kernel.layout.bindings.map(({ name }) => [name, slice(device.allocate(16))]));
      device.run(kernel, bindings, {}, 1);
      await expect(device.finish()).rejects.toThrow(path);
    }
    await device.finish();
  });
});

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
    for (let i = 0; i < 600; i++) device.run(ADD, bindings, PARAMS, 1);
    const after = device.counters();
    expect(after).toMatchObject({ pipelines: before.pipelines, bindGroups: before.bindGroups });
    expect([after.dispatches - before.dispatches, after.submits - before.submits]).toEqual([600, 2]);
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

describe('a device that is gone', () => {
  const calls = (on: Device, buffer: GpuBuffer): Record<string, () => unknown> => ({
    allocate: () => on.allocate(4),
    run: () => on.run(COUNT, { seen: slice(buffer) }, {}, 1),
    write: () => on.write(buffer, words(1)),
    copy: () => on.copy(buffer, buffer, 4),
    clear: () => on.clear(buffer, 4),
    submit: () => on.submit(),
  });

  it('by its owner refuses everything, and rejects reads in flight', async () => {
    const own = await testDevice();
    const buffer = own.allocate(16);
    own.run(COUNT, { seen: slice(buffer) }, {}, 1);
    const pending = own.read(buffer, 16);
    const outcome = expect(pending).rejects.toThrow(new DeviceLostError('the device was destroyed by its owner'));
    own.destroy();
    await outcome;
    for (const [name, call] of Object.entries(calls(own, buffer))) {
      expect(call, name).toThrow(new DeviceLostError('the device was destroyed by its owner'));
    }
    await expect(own.read(buffer, 4)).rejects.toBeInstanceOf(DeviceLostError);
    await expect(own.finish()).rejects.toBeInstanceOf(DeviceLostError);
    own.free(buffer);
    own.destroy();
  });

  it('unexpectedly rejects reads in flight, never gives zeros, and refuses everything after', async () => {
    const own = await testDevice();
    const buffer = own.allocate(16);
    own.write(buffer, words(1, 2, 3, 4));
    const before = [own.read(buffer, 16), own.read(buffer, 8), own.finish()];
    const settled = Promise.allSettled(before);
    (own as unknown as { gpu: GPUDevice }).gpu.destroy(); // As a driver reset does: nobody told the Device.
    const after = await Promise.allSettled([own.read(buffer, 16), own.finish()]);
    for (const outcome of [...(await settled), ...after]) {
      expect(outcome.status).toBe('rejected');
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(DeviceLostError);
      expect((outcome as PromiseRejectedResult).reason.message).toMatch(/^the GPU device was lost: ./);
    }
    for (const [name, call] of Object.entries(calls(own, buffer))) {
      expect(call, name).toThrow(DeviceLostError);
    }
    own.destroy();
  });
});

describe('openDevice', () => {
  it('says what it found, in three lines', () => {
    const lines = device.report().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe(`adapter    ${device.info.description}${device.info.isSoftware ? ' (software)' : ''}`);
    expect(lines[1]).toMatch(/^features {3}(none|[\w-]+(, [\w-]+)*)$/);
    expect(lines[2]).toMatch(
      /^limits {5}binding \S+ [KMG]iB, buffer \S+ [KMG]iB, workgroup \d+ invocations, \S+ KiB shared$/,
    );
    for (const feature of device.info.features) expect(device.has(feature)).toBe(true);
    expect(device.has('no-such-feature')).toBe(false);
    expect(device.limit('maxComputeWorkgroupsPerDimension')).toBeGreaterThanOrEqual(65_535);
  });

  it('warns in one line when there is only a software adapter, unless that was asked for', async () => {
    const warn = vi.fn();
    (await openDevice({ warn })).destroy();
    expect(warn).toHaveBeenCalledTimes(device.info.isSoftware ? 1 : 0);
    for (const [message] of warn.mock.calls) expect(message).toMatch(/^warning: no hardware GPU found; .*$/);
    warn.mockClear();
    const software = await openDevice({ adapter: 'software', warn });
    expect([software.info.isSoftware, warn.mock.calls.length]).toEqual([true, 0]);
    software.destroy();
  });

  it('fills buffers with NaN where asked, also those used before', async () => {
    const reused = bufferOf(1, 2);
    device.free(reused);
    const again = device.allocate(8);
    expect([again.id, await read(device, again, 2)]).toEqual([reused.id, [0xffffffff, 0xffffffff]]);
  });

  it('offers a backend that compiles and executes nothing', async () => {
    const warn = vi.fn();
    const idle = await openDevice({ backend: 'null', warn });
    expect([idle.info.kind, warn.mock.calls.length]).toEqual(['null', 0]);
    const buffer = idle.allocate(16);
    idle.run(COUNT, { seen: slice(buffer) }, {}, 1);
    await idle.finish();
    idle.run(new Kernel('test/broken_null.wgsl', BROKEN), { y: slice(buffer) }, {}, 1);
    await expect(idle.finish()).rejects.toMatchObject({ kernel: 'test/broken_null.wgsl', line: 4, column: 10 });
    idle.destroy();
  });
});
