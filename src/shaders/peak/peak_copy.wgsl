// y = x over `count` vec4s, VECS of them a thread, as far apart as there are threads: what an adapter's memory gives.
const WORKGROUP_SIZE: u32 = 64;
const VECS: u32 = 1;

struct Params { count: u32, threads: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let thread = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (thread >= params.threads) { return; }
  for (var k = 0u; k < VECS; k++) {
    let i = thread + k * params.threads;
    if (i < params.count) { y[i] = x[i]; }
  }
}
