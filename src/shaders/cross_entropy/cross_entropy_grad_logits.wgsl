// grad_input[k, n] = grad_output / samples * (exp(x[k, n] - m[n] - s[n]) - (1 - smoothing) [k = label] - smoothing / classes),
// NaN for every class of a sample whose loss is NaN. An invocation takes CLASSES classes of one sample.
const WORKGROUP_SIZE: u32 = 64;
const CLASSES: u32 = 8;
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
  let n = i % params.samples;
  let first = i / params.samples * CLASSES;
  let is_bad = (statistics[n] & EXPONENT) == EXPONENT;
  let largest = bitcast<f32>(statistics[params.samples + n]);
  let log_sum = bitcast<f32>(statistics[2u * params.samples + n]);
  let factor = grad_output[0] / f32(params.samples);
  let uniform_share = params.smoothing / f32(params.classes);
  for (var k = first; k < min(first + CLASSES, params.classes); k++) {
    let at = k * params.samples + n;
    let hit = select(0.0, 1.0 - params.smoothing, k == labels[n]);
    let value = factor * (exp(x[at] - largest - log_sum) - hit - uniform_share);
    grad_input[at] = select(bitcast<u32>(value), NAN_BITS, is_bad);
  }
}
