// The unit test of one shader: run it on plain arrays, compare with a plain loop. After `npm run build`:
//   node examples/test_a_shader.mjs
import assert from 'node:assert/strict';
import { openDevice } from 'shuffleblock';
import { runKernel } from 'shuffleblock/testing';

// In a project of its own the text would come from a .wgsl file.
const scaledSum = `
struct Params { count: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < params.count) { y[id.x] += params.factor * x[id.x]; }
}`;

const device = await openDevice();

const [x, y] = [Float32Array.of(1, 2, 3, 4, 5), Float32Array.of(10, 20, 30, 40, 50)];
const expected = y.map((value, i) => value + 2 * x[i]);
const result = await runKernel(device, scaledSum, { x, y }, { count: x.length, factor: 2 });
assert.deepEqual(result.y, expected);

device.destroy();
console.log(`ok: y = [${result.y.join(', ')}]`);
