// y = mask != 0 ? x : 0, elementwise over `count` vec4s; also its own gradient. A choice, not a product: NaN and infinity behind the mask
// must not come through. A word of `mask` holds the bytes of one vec4, the first in its lowest bits.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let bytes = vec4<u32>(mask[i]) & vec4<u32>(0xffu, 0xff00u, 0xff0000u, 0xff000000u);
  y[i] = select(vec4<f32>(0.0), x[i], bytes != vec4<u32>(0u));
}
