// y = grad / scale over `count` vec4s, 0 where grad is not finite; then watch = max(watch, index + 1). A scale is a power of two, so
// nothing is rounded. Looks at the bits of grad (exponent all ones: infinity or NaN), because a compiler may assume that floats are
// finite, and not at the padding behind its last element.
const WORKGROUP_SIZE: u32 = 64;
const EXPONENT: u32 = 0x7f800000u;
const POWERS: u32 = 0x7f000000u; // bits of 2^e plus bits of 2^-e, for every e

struct Params {
  count: u32,
  size: u32, // elements
  index: u32, // of the parameter
}

@group(0) @binding(0) var<storage, read> grad: array<vec4<u32>>; // bits of f32
@group(0) @binding(1) var<storage, read> scale: array<u32>; // bits of f32 [1]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> watch: array<atomic<u32>>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let is_bad = (grad[i] & vec4<u32>(EXPONENT)) == vec4<u32>(EXPONENT);
  let inverse = bitcast<f32>(POWERS - scale[0]);
  y[i] = bitcast<vec4<f32>>(select(grad[i], vec4<u32>(0u), is_bad)) * inverse;
  let exists = vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(params.size);
  if (any(is_bad & exists)) { atomicMax(&watch[0], params.index + 1u); }
}
