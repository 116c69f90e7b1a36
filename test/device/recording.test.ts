// Recorded commands: they do what they would have done at once, again and again, in memory that others do not see.
import { afterAll, describe, expect, it } from 'vitest';
import { DeviceMemoryError, type GpuBuffer, Kernel, KernelError } from '../../src/device/index.js';
import { testDevice } from '../support/device.js';
import { ADD, BROKEN, read, slice, words } from './support.js';

const device = await testDevice();
afterAll(() => device.destroy());

function bufferOf(...values: number[]): GpuBuffer {
  const buffer = device.allocate(values.length * 4);
  device.write(buffer, words(...values));
  return buffer;
}

const add = (x: GpuBuffer, y: GpuBuffer, amount: number) =>
  device.run(ADD, { x: slice(x), y: slice(y) }, { amount, limit: 0, factor: 0 }, 1);

/** y = x + 1 + 2 + 4 by two temporaries. */
function addSeven(x: GpuBuffer, y: GpuBuffer): void {
  const first = device.allocate(16);
  add(x, first, 1);
  const second = device.allocate(16);
  add(first, second, 2);
  device.free(first);
  add(second, y, 4);
  device.free(second);
}

describe('record and replay', () => {
  it('runs nothing when it records, and all of it at each replay', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = bufferOf(0, 0, 0, 0);
    const recording = device.record(() => addSeven(x, y));
    expect(await read(device, y, 4)).toEqual([0, 0, 0, 0]);
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([8, 9, 10, 11]);
    device.write(x, words(10, 20, 30, 40));
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([17, 27, 37, 47]);
  });

  it('records copies and fills', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = bufferOf(5, 6, 7, 8);
    const z = bufferOf(9, 9, 9, 9);
    const recording = device.record(() => {
      device.copy(x, y, 8);
      device.clear(z, 8);
    });
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([1, 2, 7, 8]);
    expect(await read(device, z, 4)).toEqual([0, 0, 9, 9]);
  });

  it('creates nothing at the second replay', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = device.allocate(16);
    const recording = device.record(() => addSeven(x, y));
    device.replay(recording);
    const { pipelines, bindGroups, dispatches } = device.counters();
    const { buffers } = device.memory();
    device.replay(recording);
    expect(device.counters()).toMatchObject({ pipelines, bindGroups, dispatches: dispatches + 3 });
    expect(device.memory().buffers).toBe(buffers);
    await device.finish();
  });

  it('keeps results until they are freed', async () => {
    const x = bufferOf(1, 2, 3, 4);
    let y!: GpuBuffer;
    const recording = device.record(() => {
      y = device.allocate(16);
      add(x, y, 1);
    });
    expect(() => y.handle).toThrow('a result of recorded commands was used before they were replayed');
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([2, 3, 4, 5]);
    const { usedBytes } = device.memory();
    device.free(y);
    expect(device.memory().usedBytes).toBe(usedBytes - 256);
    expect(() => device.replay(recording)).toThrow('their results were freed, so they cannot run again');
  });

  it('frees what was made before only after the first replay, which is the only one', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = bufferOf(0, 0, 0, 0);
    const recording = device.record(() => {
      add(x, y, 1);
      device.free(x);
    });
    const other = bufferOf(7, 7, 7, 7);
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([2, 3, 4, 5]);
    expect(await read(device, other, 4)).toEqual([7, 7, 7, 7]);
    expect(() => device.replay(recording)).toThrow('these commands freed what others made');
  });

  it('shares temporary memory among recordings, also where a later one needs more', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = bufferOf(0, 0, 0, 0);
    const large = (bytes: number) =>
      device.record(() => {
        const buffer = device.allocate(bytes);
        add(x, buffer, 1);
        add(buffer, y, 1);
        device.free(buffer);
      });
    const recordings = [large(4096), large(2048), large(1 << 20)];
    const { usedBytes } = device.memory();
    for (let round = 0; round < 2; round++) {
      for (const [i, recording] of recordings.entries()) {
        device.write(x, words(i, i, i, i));
        device.replay(recording);
        expect(await read(device, y, 4)).toEqual([i + 2, i + 2, i + 2, i + 2]);
      }
    }
    expect(device.memory().usedBytes - usedBytes).toBeLessThanOrEqual(1 << 20);
  });

  it('goes on after trim', async () => {
    const x = bufferOf(1, 2, 3, 4);
    const y = bufferOf(0, 0, 0, 0);
    const recording = device.record(() => addSeven(x, y));
    device.replay(recording);
    device.trim();
    device.write(x, words(2, 2, 2, 2));
    device.replay(recording);
    expect(await read(device, y, 4)).toEqual([9, 9, 9, 9]);
  });
});

describe('refusals', () => {
  it('uploads, reads and recordings within a recording', async () => {
    const x = bufferOf(1, 2, 3, 4);
    expect(() => device.record(() => device.write(x, words(1)))).toThrow(
      'write: not possible while commands are recorded',
    );
    expect(() => device.record(() => void device.record(() => {}))).toThrow('record: not possible');
    const reading = new Promise((resolve, reject) => {
      device.record(() => void device.read(x, 16).then(resolve, reject));
    });
    await expect(reading).rejects.toThrow('read: not possible while commands are recorded');
    // Nothing is left of them.
    expect(await read(device, x, 4)).toEqual([1, 2, 3, 4]);
  });

  it('names a buffer that no device could bind while it records', () => {
    const tooLarge = () => device.record(() => device.allocate(2 ** 50, 'tensor [huge] f32'));
    expect(tooLarge).toThrow(DeviceMemoryError);
    expect(tooLarge).toThrow('tensor [huge] f32: needs one buffer of');
  });

  it('names kernel and line of a shader error, with and without prepare', async () => {
    for (const prepared of [true, false]) {
      const broken = new Kernel(`test/broken-${prepared}.wgsl`, `${BROKEN}\n// prepared: ${prepared}`);
      const y = device.allocate(16);
      const recording = device.record(() => device.run(broken, { y: slice(y) }, {}, 1));
      if (prepared) await device.prepare(recording);
      const replaying = (async () => {
        device.replay(recording);
        await device.finish();
      })();
      const error = await replaying.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KernelError);
      expect((error as KernelError).message).toContain(`test/broken-${prepared}.wgsl:4:10: `);
    }
  });
});

it('prepare compiles what is missing, and what is there only once', async () => {
  const double = new Kernel('test/double.wgsl', ADD.source.replace('params.amount', 'x[id.x]'));
  const x = bufferOf(1, 2, 3, 4);
  const y = device.allocate(16);
  const bindings = { x: slice(x), y: slice(y) };
  const recording = device.record(() => device.run(double, bindings, { amount: 0, limit: 0, factor: 0 }, 1));
  const { pipelines } = device.counters();
  await Promise.all([device.prepare(recording), device.prepare(recording)]);
  device.replay(recording);
  expect(device.counters().pipelines).toBe(pipelines + 1);
  expect(await read(device, y, 4)).toEqual([2, 4, 6, 8]);
});
