// What the device says when something is wrong, how it ends, and how it is opened.
import { afterAll, describe, expect, it, vi } from 'vitest';
import {
  type Device,
  DeviceLostError,
  type GpuBuffer,
  Kernel,
  KernelError,
  openDevice,
} from '../../src/device/index.js';
import { testDevice } from '../support/device.js';
import { BROKEN, COUNT, read, slice, words } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

function bufferOf(...values: number[]): GpuBuffer {
  const buffer = device.allocate(values.length * 4);
  device.write(buffer, words(...values));
  return buffer;
}

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
    await expect(openDevice({ adapter: 'nvidia' as never })).rejects.toThrow(
      'openDevice: expected an adapter among auto, hardware, software, got nvidia',
    );
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
