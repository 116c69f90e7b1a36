// worth = (gradient * scales[1])^2 over `count` vec4s: what growing each position is worth. See src/sparse/keeping_worth.ts.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> gradient: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> scales: array<f32>; // of weights, of gradients
@group(0) @binding(2) var<storage, read_write> worth: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let scaled = gradient[i] * scales[1];
  worth[i] = scaled * scaled;
}
