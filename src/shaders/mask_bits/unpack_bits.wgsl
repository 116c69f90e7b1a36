// A byte 0 or 1 for each bit of a set, four of them an invocation.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 } // words of `mask`

@group(0) @binding(0) var<storage, read> bits: array<u32>; // position i is bit i % 32 of word i / 32
@group(0) @binding(1) var<storage, read_write> mask: array<u32>; // bytes, the first in the lowest bits
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let four = bits[i / 8u] >> (i % 8u * 4u);
  mask[i] = (four & 1u) | ((four & 2u) << 7u) | ((four & 4u) << 14u) | ((four & 8u) << 21u);
}
