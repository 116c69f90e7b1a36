// Adds a batch to running totals: loss_sum += loss * samples; counts += (samples, top-1 correct, top-5 correct), in place.
// The rank of a label is the number of classes before it: with a larger logit, or an equal one and a lower index. COLUMNS
// neighbouring samples of logits x [classes, samples] a workgroup, PARTS lanes each. Counts are integers, whose atomic sum is the
// same in any order; the float is added to by one lane of one workgroup.
const COLUMNS: u32 = 8;
const PARTS: u32 = 16;
const WORKGROUP_SIZE: u32 = COLUMNS * PARTS;
const WRONG: u32 = 0x1000000u; // added to the rank of a sample with a NaN, once a part at most

struct Params {
  classes: u32,
  samples: u32,
  zero: u32, // 0, which the compiler cannot know
}

@group(0) @binding(0) var<storage, read> loss: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> loss_sum: array<f32>; // the sum, and by how much it is too large
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> ranks: array<u32, WORKGROUP_SIZE>;

fn is_nan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let unit = group.x + group.y * groups.x;
  let n = unit * COLUMNS + lane % COLUMNS;
  let sample = min(n, params.samples - 1u);
  let label = labels[sample];
  let at_label = x[min(label, params.classes - 1u) * params.samples + sample];
  var rank = 0u;
  var wrong = label >= params.classes || n >= params.samples;
  for (var k = lane / COLUMNS; k < params.classes; k += PARTS) {
    let value = x[k * params.samples + sample];
    wrong |= is_nan(value);
    if (value > at_label || (value == at_label && k < label)) { rank++; }
  }
  ranks[lane] = rank + select(0u, WRONG, wrong);
  for (var half = WORKGROUP_SIZE / 2u; half >= COLUMNS; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { ranks[lane] += ranks[lane + half]; }
  }
  workgroupBarrier();
  if (lane != 0u) { return; }

  var top1 = 0u;
  var top5 = 0u;
  for (var column = 0u; column < COLUMNS; column++) {
    top1 += select(0u, 1u, ranks[column] < 1u);
    top5 += select(0u, 1u, ranks[column] < 5u);
  }
  atomicAdd(&counts[1], top1);
  atomicAdd(&counts[2], top5);
  if (unit == 0u) {
    atomicAdd(&counts[0], params.samples);
    // Compensated (Kahan 1965). Compilers may simplify (a + b) - a to b, unless the bits of a + b pass through something unknown.
    let before = loss_sum[0];
    let addend = loss[0] * f32(params.samples) - loss_sum[1];
    let sum = bitcast<f32>(bitcast<u32>(before + addend) | params.zero);
    loss_sum[0] = sum;
    loss_sum[1] = (sum - before) - addend;
  }
}
