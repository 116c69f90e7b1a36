// runKernel, and the example that shows it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { Kernel, KernelError } from '../../src/device/index.js';
import { runKernel } from '../../src/testing/index.js';
import { testDevice } from '../support/device.js';

const device = await testDevice();
afterAll(() => device.destroy());

const SCALED_SUM = `struct Params { factor: f32 }
const GROUP: u32 = 4;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> seen: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;
@compute @workgroup_size(GROUP) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= arrayLength(&x)) { return; }
  y[id.x] += params.factor * x[id.x];
  seen[id.x] = id.x + 1u;
}`;

const arrays = () => ({
  x: Float32Array.of(1, 2, 3, 4, 5),
  y: Float32Array.of(10, 20, 30, 40, 50),
  seen: new Uint32Array(5),
});

describe('runKernel', () => {
  it('returns every array as it is afterwards, and leaves those that it was given alone', async () => {
    const given = arrays();
    const result = await runKernel(device, SCALED_SUM, given, { factor: 2 }, 2);
    const { x } = arrays();
    expect(result).toEqual({ x, y: Float32Array.of(12, 24, 36, 48, 60), seen: Uint32Array.of(1, 2, 3, 4, 5) });
    expect(given).toEqual(arrays());
  });

  it('runs one workgroup unless told otherwise, or a grid', async () => {
    const one = await runKernel(device, SCALED_SUM, arrays(), { factor: 2 });
    expect(one.seen).toEqual(Uint32Array.of(1, 2, 3, 4, 0));
    const grid = await runKernel(device, SCALED_SUM, arrays(), { factor: 2 }, [2, 1, 1]);
    expect(grid.seen).toEqual(Uint32Array.of(1, 2, 3, 4, 5));
  });

  it('runs a kernel and its variants', async () => {
    const kernel = new Kernel('scaled_sum.wgsl', SCALED_SUM);
    const { seen } = await runKernel(device, kernel.with({ GROUP: 2 }), arrays(), { factor: 1 });
    expect(seen).toEqual(Uint32Array.of(1, 2, 0, 0, 0));
  });

  it('takes signed words and bytes of any number', async () => {
    const source = `@group(0) @binding(0) var<storage, read_write> signed: array<i32>;
@group(0) @binding(1) var<storage, read_write> bytes: array<u32>;
@compute @workgroup_size(1) fn main() { signed[1] -= 5; bytes[1] |= 0x80u; }`;
    const result = await runKernel(device, source, {
      signed: Int32Array.of(7, 2),
      bytes: Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
    expect(result).toEqual({ signed: Int32Array.of(7, -3), bytes: Uint8Array.of(1, 2, 3, 4, 0x85, 6) });
  });

  it('gives its memory back, whether it went well or not', async () => {
    const before = device.memory().usedBytes;
    await runKernel(device, SCALED_SUM, arrays(), { factor: 2 });
    await expect(runKernel(device, SCALED_SUM, arrays(), {})).rejects.toThrow();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('reads declarations however WGSL lets them be written', async () => {
    const source = SCALED_SUM.replace(
      '@group(0) @binding(0) var<storage, read>',
      '@binding(0u) @group( 0 ) /* x */\n  var<storage>',
    ).replace('@group(0) @binding(1) var<storage, read_write>', '@binding(1)@group(0)var<storage,read_write,>');
    const { y } = await runKernel(device, source, arrays(), { factor: 2 }, 2);
    expect(y).toEqual(Float32Array.of(12, 24, 36, 48, 60));
  });

  it.each([
    [
      '@group(0) @binding(2) var<storage, read_write> seen',
      '@group(0) @binding(INDEX) var<storage, read_write> seen',
      'literal number, got INDEX',
    ],
    ['@group(0) @binding(2)', '@group(1) @binding(2)', 'WGSL binding seen: expected @group(0), got @group(1)'],
    [
      '@group(0) @binding(2) var<storage, read_write> seen: array<u32>',
      '@group(0) @binding(2) var seen: texture_2d<f32>',
      'got 4 bindings, of which 3 are',
    ],
  ])('says which declaration it does not take: %s', async (from, to, message) => {
    await expect(runKernel(device, SCALED_SUM.replace(from, to), arrays(), { factor: 2 })).rejects.toThrow(message);
  });

  it('does not tell the next kernel what the last one did wrong', async () => {
    const broken = SCALED_SUM.replace('seen[id.x] =', 'unseen[id.x] =');
    await expect(runKernel(device, broken, { ...arrays(), z: new Float32Array(1) }, { factor: 2 })).rejects.toThrow(
      '"z"',
    );
    await expect(runKernel(device, broken, arrays(), { factor: 2 })).rejects.toThrow('unseen');
    await expect(runKernel(device, SCALED_SUM, arrays(), { factor: 2 })).resolves.toBeDefined();
  });

  it('refuses arrays without elements, and grids of no whole number', async () => {
    const empty = { ...arrays(), seen: new Uint32Array(0) };
    await expect(runKernel(device, SCALED_SUM, empty, { factor: 2 })).rejects.toThrow(
      'expected seen with at least one',
    );
    for (const workgroups of [1.5, -1, [1, Number.NaN] as const]) {
      const run = runKernel(device, SCALED_SUM, arrays(), { factor: 2 }, workgroups);
      await expect(run).rejects.toThrow(/expected whole numbers of workgroups, got (1.5|-1|NaN)/);
    }
  });

  it('rejects with what is wrong', async () => {
    const { x, y, seen } = arrays();
    const run = (given: object, params: object, source = SCALED_SUM) =>
      runKernel(device, source, given as never, params as never);
    await expect(run({ x, y }, { factor: 1 })).rejects.toThrow(
      new KernelError('kernel.wgsl: nothing bound to "seen"', 'kernel.wgsl'),
    );
    await expect(run({ x, y, seen, z: x }, { factor: 1 })).rejects.toThrow('kernel.wgsl: has no binding "z"');
    await expect(run({ x, y, seen }, {})).rejects.toThrow('kernel.wgsl: parameter "factor" is missing');
    await expect(run({ x: [1, 2], y, seen }, { factor: 1 })).rejects.toThrow(
      new Error('runKernel: expected x a Float32Array, Uint32Array, Int32Array or Uint8Array, got Array'),
    );
    await expect(run({ x: undefined, y, seen }, { factor: 1 })).rejects.toThrow('got undefined');
    await expect(run({ x, y, seen }, { factor: 1 }, SCALED_SUM.replace('+= params', '+= param'))).rejects.toThrow(
      /^kernel\.wgsl:9:14: .*param/,
    );
  });
});

it('examples/test_a_shader.mjs runs on the built package and ends by itself', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['examples/test_a_shader.mjs'], { timeout: 60_000 });
  expect(stdout).toBe('ok: y = [12, 24, 36, 48, 60]\n');
});
