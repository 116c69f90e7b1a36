// average += rate * (value - average), elementwise over `count` vec4s, in place.
// Writes nothing once guard[0] is set: see guard_loss.wgsl.
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32,
  rate: f32, // 1 - decay
}

@group(0) @binding(0) var<storage, read_write> average: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> value: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> guard: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count || guard[0] != 0u) { return; }
  average[i] += params.rate * (value[i] - average[i]);
}
