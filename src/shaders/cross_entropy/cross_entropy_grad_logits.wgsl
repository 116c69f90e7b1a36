// grad_input[k, n] = grad_output / samples * (exp(x[k, n] - m[n] - s[n]) - (1 - smoothing) [k = label] - smoothing / classes),
// NaN for every class of a sample whose loss is NaN.
const WORKGROUP_SIZE: u32 = 64;
const EXPONENT: u32 = 0x7f800000u;
const NAN_BITS: u32 = 0x7fc00000u;

struct Params {
  classes: u32,
  samples: u32,
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> statistics: array<u32>; // bits of f32 [3][samples]: loss, m, s
@group(0) @binding(3) var<storage, read> grad_output: array<f32>;
@group(0) @binding(4) var<storage, read_write> grad_input: array<u32>; // bits of f32
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.classes * params.samples) { return; }
  let n = i % params.samples;
  let largest = bitcast<f32>(statistics[params.samples + n]);
  let log_sum = bitcast<f32>(statistics[2u * params.samples + n]);
  let hit = select(0.0, 1.0 - params.smoothing, i / params.samples == labels[n]);
  let share = exp(x[i] - largest - log_sum) - hit - params.smoothing / f32(params.classes);
  let value = grad_output[0] / f32(params.samples) * share;
  grad_input[i] = select(bitcast<u32>(value), NAN_BITS, (statistics[n] & EXPONENT) == EXPONENT);
}
