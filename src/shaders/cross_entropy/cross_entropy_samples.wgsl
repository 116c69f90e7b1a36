// Cross-entropy of each sample n of logits x [classes, samples], with m = max x, s = log sum exp(x - m), t = the label:
//   loss = (1 - smoothing) * (s + m - x[t]) + smoothing / classes * sum over k of (s + m - x[k]).
// COLUMNS neighbouring samples a workgroup, PARTS lanes each, in two sweeps (maximum, then sums), so that logits of any size
// neither overflow nor cancel. A logit that is not finite or a label >= classes marks the sample with the bits of a NaN;
// bits, because a compiler may assume that floats are never NaN.
const COLUMNS: u32 = 8;
const PARTS: u32 = 16;
const WORKGROUP_SIZE: u32 = COLUMNS * PARTS;
const EXPONENT: u32 = 0x7f800000u;
const NAN_BITS: u32 = 0x7fc00000u;

struct Params {
  classes: u32,
  samples: u32,
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<u32>; // bits of f32 [3][samples]: loss, m, s
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> folded: array<vec2<f32>, WORKGROUP_SIZE>;
var<workgroup> bad: array<atomic<u32>, COLUMNS>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let column = lane % COLUMNS;
  let part = lane / COLUMNS;
  let n = (group.x + group.y * groups.x) * COLUMNS + column;
  let sample = min(n, params.samples - 1u); // Lanes past the end repeat the last sample and store nothing.

  // 1. The maximum, and whether everything is finite.
  var largest = x[sample];
  for (var k = part; k < params.classes; k += PARTS) {
    let value = x[k * params.samples + sample];
    if ((bitcast<u32>(value) & EXPONENT) == EXPONENT) { atomicStore(&bad[column], 1u); }
    largest = max(largest, value);
  }
  folded[lane] = vec2<f32>(largest, 0.0);
  for (var half = WORKGROUP_SIZE / 2u; half >= COLUMNS; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { folded[lane] = max(folded[lane], folded[lane + half]); }
  }
  workgroupBarrier();
  largest = folded[column].x;
  workgroupBarrier();

  // 2. Sums of exp(x - m) and of smoothing / classes * (m - x), scaled before it is added so that it cannot overflow.
  let share = params.smoothing / f32(params.classes);
  var sums = vec2<f32>(0.0);
  for (var k = part; k < params.classes; k += PARTS) {
    let below = largest - x[k * params.samples + sample];
    sums += vec2<f32>(exp(-below), share * below);
  }
  folded[lane] = sums;
  for (var half = WORKGROUP_SIZE / 2u; half >= COLUMNS; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { folded[lane] += folded[lane + half]; }
  }

  // 3. The loss; here `lane` is the column.
  if (lane >= COLUMNS || n >= params.samples) { return; }
  let label = labels[sample];
  let is_bad = atomicLoad(&bad[column]) != 0u || label >= params.classes;
  let log_sum = log(folded[column].x);
  let at_label = largest - x[min(label, params.classes - 1u) * params.samples + sample];
  let loss = log_sum + (1.0 - params.smoothing) * at_label + folded[column].y;
  statistics[n] = select(bitcast<u32>(loss), NAN_BITS, is_bad);
  statistics[params.samples + n] = bitcast<u32>(largest);
  statistics[2u * params.samples + n] = bitcast<u32>(log_sum);
}
