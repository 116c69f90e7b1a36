// Joins the parts of each row, in the same order every time: transform[row] = (mean, 1 / sqrt(biased variance + epsilon), weight, bias), and moves
// the running mean and the running unbiased variance towards those of this batch, unless these are not finite: one bad batch would spoil
// what evaluation and checkpoints need for good. A row is the work of `row_threads` threads.
const WORKGROUP_SIZE: u32 = 64;
const EXPONENT: u32 = 0x7f800000u; // all ones in infinity and NaN

struct Params {
  rows: u32,
  row_length: u32, // in elements
  part_length: u32, // in elements; the last part may be shorter
  parts: u32,
  row_threads: u32, // a power of two, at most WORKGROUP_SIZE
  momentum: f32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> partial: array<vec2<f32>>; // [part][row]
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> transform: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> running_variance: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> sums: array<f32, WORKGROUP_SIZE>; // [thread of the row][row]

fn part_count(part: u32) -> f32 {
  return f32(min(params.part_length, params.row_length - part * params.part_length));
}

/// The sum over the threads of a row, as a tree.
fn row_sum(value: f32, lane: u32) -> f32 {
  let rows = WORKGROUP_SIZE / params.row_threads;
  workgroupBarrier();
  sums[lane] = value;
  for (var half = WORKGROUP_SIZE / 2u; half >= rows; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  return sums[lane % rows];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  // Rows in a row of threads, since they lie together.
  let rows = WORKGROUP_SIZE / params.row_threads;
  let thread = lane / rows;
  let row = (group.x + group.y * groups.x) * rows + lane % rows;
  let parts = select(0u, params.parts, row < params.rows);
  let count = f32(params.row_length);

  // Means are compared relative to the first, so that they keep their digits when they are large and alike.
  let first_mean = partial[min(row, params.rows - 1u)].x;
  var shift = 0.0;
  for (var part = thread; part < parts; part += params.row_threads) {
    shift += part_count(part) * (partial[part * params.rows + row].x - first_mean);
  }
  shift = row_sum(shift, lane) / count;
  var squares = 0.0;
  for (var part = thread; part < parts; part += params.row_threads) {
    let value = partial[part * params.rows + row];
    let d = value.x - first_mean - shift;
    squares += value.y + part_count(part) * d * d;
  }
  squares = row_sum(squares, lane);

  if (thread != 0u || row >= params.rows) { return; }
  let mean = first_mean + shift;
  transform[row] = vec4<f32>(mean, 1.0 / sqrt(squares / count + params.epsilon), weight[row], bias[row]);
  // By its bits, because a compiler may assume that floats are finite; the squares of an infinite mean are NaN.
  if ((bitcast<u32>(squares) & EXPONENT) == EXPONENT) { return; }
  running_mean[row] += params.momentum * (mean - running_mean[row]);
  running_variance[row] += params.momentum * (squares / (count - 1.0) - running_variance[row]);
}
