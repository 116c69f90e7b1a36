// What the tests of the device share: small kernels, and words in and out of buffers.
import { type Device, type GpuBuffer, Kernel } from '../../src/device/index.js';

export const ADD = new Kernel(
  'test/add.wgsl',
  `struct Params { amount: u32, limit: i32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < arrayLength(&x)) { y[id.x] = x[id.x] + params.amount + u32(params.limit) + u32(params.factor); }
}`,
);

export const COUNT = new Kernel(
  'test/count.wgsl',
  `@group(0) @binding(0) var<storage, read_write> seen: array<u32>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = group.x + group.y * groups.x;
  if (i < arrayLength(&seen)) { seen[i] += 1u; }
}`,
);

/** Line 4 has the mistake, at column 10. */
export const BROKEN = `// A kernel that does not compile.
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() {
  y[0] = missing;
}`;

export const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
export const slice = (buffer: GpuBuffer, sizeBytes = 16) => ({ buffer, sizeBytes });

export async function read(on: Device, buffer: GpuBuffer, count: number): Promise<number[]> {
  return Array.from(new Uint32Array((await on.read(buffer, count * 4)).buffer));
}
