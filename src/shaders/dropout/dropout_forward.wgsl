// y = keep ? x * factor : 0, elementwise over `count` vec4s; also its own gradient. Whether an element is kept is a pure function of seed,
// step, stream and index, by the hash pcg4d (Jarzynski and Olano 2020, "Hash Functions for GPU Rendering", https://jcgt.org/published/0009/03/02),
// which gives four words at once.
alias Stored = vec4<f32>; // vec4<f16> in half precision
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32,
  stream: u32,
  threshold: u32, // probability * 2^32: words below it drop their element
  factor: f32, // 1 / (1 - probability)
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> random: array<u32>; // seed, step
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;
@group(0) @binding(3) var<uniform> params: Params;

fn pcg4d(counter: vec4<u32>) -> vec4<u32> {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4<u32>(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let keep = pcg4d(vec4<u32>(i, params.stream, random[1], random[0])) >= vec4<u32>(params.threshold);
  y[i] = Stored(select(vec4<f32>(0.0), vec4<f32>(x[i]) * params.factor, keep));
}
