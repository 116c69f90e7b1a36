// Of each chunk of positions: how many eligible keys lie below the threshold, and how many equal it.
const WORKGROUP_SIZE: u32 = 256;
const CHUNK: u32 = 8192;
const MAGNITUDE: u32 = 0x7fffffffu;

struct Params {
  size: u32,
  grow: u32, // see top_k_histogram.wgsl
}

@group(0) @binding(0) var<storage, read> values: array<u32>; // bits of f32 [size]
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> threshold: array<u32>;
@group(0) @binding(3) var<storage, read_write> counts: array<u32>; // [chunks, 2]: below, equal
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> below: atomic<u32>;
var<workgroup> equal: atomic<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = group.x + group.y * groups.x;
  let end = min((chunk + 1u) * CHUNK, params.size);
  var own_below = 0u;
  var own_equal = 0u;
  for (var i = chunk * CHUNK + lane; i < end; i += WORKGROUP_SIZE) {
    let magnitude = values[i] & MAGNITUDE;
    let key = select(magnitude, magnitude ^ MAGNITUDE, params.grow == 1u);
    let is_eligible = ((bits[i / 32u] >> (i % 32u)) & 1u) != params.grow;
    own_below += u32(is_eligible && key < threshold[0]);
    own_equal += u32(is_eligible && key == threshold[0]);
  }
  atomicAdd(&below, own_below);
  atomicAdd(&equal, own_equal);
  workgroupBarrier();
  if (lane == 0u && chunk * CHUNK < params.size) {
    counts[chunk * 2u] = atomicLoad(&below);
    counts[chunk * 2u + 1u] = atomicLoad(&equal);
  }
}
