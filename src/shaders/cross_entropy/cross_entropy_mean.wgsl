// y = mean of the losses of `samples` samples, NaN if one of them is: one workgroup, a fixed order of addition.
const WORKGROUP_SIZE: u32 = 256;
const EXPONENT: u32 = 0x7f800000u;
const NAN_BITS: u32 = 0x7fc00000u;

struct Params { samples: u32 }

@group(0) @binding(0) var<storage, read> statistics: array<u32>; // bits of f32 [3][samples]; the first row holds the losses
@group(0) @binding(1) var<storage, read_write> y: array<u32>; // bits of f32 [1]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> folded: array<f32, WORKGROUP_SIZE>;
var<workgroup> bad: atomic<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var n = lane; n < params.samples; n += WORKGROUP_SIZE) {
    let bits = statistics[n];
    if ((bits & EXPONENT) == EXPONENT) { atomicStore(&bad, 1u); }
    total += bitcast<f32>(bits);
  }
  folded[lane] = total;
  for (var half = WORKGROUP_SIZE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { folded[lane] += folded[lane + half]; }
  }
  if (lane == 0u) {
    y[0] = select(bitcast<u32>(folded[0] / f32(params.samples)), NAN_BITS, atomicLoad(&bad) != 0u);
  }
}
