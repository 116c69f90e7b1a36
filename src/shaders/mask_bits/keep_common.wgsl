// x = 0 where either of two sets lacks the position, in place over `count` vec4s.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> before: array<u32>; // bits: position i is bit i % 32 of word i / 32
@group(0) @binding(2) var<storage, read> after: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let four = (before[i / 8u] & after[i / 8u]) >> (i % 8u * 4u);
  x[i] = select(vec4<f32>(0.0), x[i], (vec4<u32>(four) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u));
}
