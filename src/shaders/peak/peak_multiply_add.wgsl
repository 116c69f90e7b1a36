// y[t] = sum over k of s_k, where s_k begins as k * x[t] and becomes s_k * factor + x[t] `rounds` times: multiply-adds from registers,
// independent of each other in SUMS chains, hardly a load among them. What an adapter's arithmetic gives.
const WORKGROUP_SIZE: u32 = 64;
const SUMS: u32 = 4;
const FUSED: u32 = 0; // 1: by fma(), 0: by * and +, which the driver may fuse

struct Params { rounds: u32, threads: u32, factor: f32 }

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
  let addend = x[thread];
  let factor = vec4<f32>(params.factor);
  var sums: array<vec4<f32>, SUMS>;
  for (var k = 0u; k < SUMS; k++) { sums[k] = f32(k) * addend; }
  for (var round = 0u; round < params.rounds; round++) {
    for (var k = 0u; k < SUMS; k++) {
      if (FUSED == 1u) {
        sums[k] = fma(sums[k], factor, addend);
      } else {
        sums[k] = sums[k] * factor + addend;
      }
    }
  }
  var total = vec4<f32>(0.0);
  for (var k = 0u; k < SUMS; k++) { total += sums[k]; }
  y[thread] = total;
}
