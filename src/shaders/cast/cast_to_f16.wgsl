// y = x as binary16, four a time over `count` vec4s of f32. Packing is undefined beyond the largest half, and compilers may take
// NaN and infinity for absent, so those are told by the bits of x.
const WORKGROUP_SIZE: u32 = 64;
const LARGEST: f32 = 65504.0;
const INFINITE_FROM: u32 = 0x477ff000u; // 65520, halfway to 65536, and everything above
const INFINITY: u32 = 0x7f800000u;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>; // bits of f32
@group(0) @binding(1) var<storage, read_write> y: array<vec2<u32>>; // bits of two f16 a word, the first one low
@group(0) @binding(2) var<uniform> params: Params;

fn pack(bits: vec2<u32>) -> u32 {
  let magnitude = bits & vec2<u32>(0x7fffffffu);
  let finite = pack2x16float(clamp(bitcast<vec2<f32>>(bits), vec2<f32>(-LARGEST), vec2<f32>(LARGEST)));
  let sign = (bits >> vec2<u32>(16u)) & vec2<u32>(0x8000u);
  let special = sign | select(vec2<u32>(0x7c00u), vec2<u32>(0x7e00u), magnitude > vec2<u32>(INFINITY));
  let half = select(vec2<u32>(finite & 0xffffu, finite >> 16u), special, magnitude >= vec2<u32>(INFINITE_FROM));
  return half.x | (half.y << 16u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i < params.count) { y[i] = vec2<u32>(pack(x[i].xy), pack(x[i].zw)); }
}
