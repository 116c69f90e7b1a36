// partial[part, row] = (mean, sum of squared deviations from it) of one part of a row of x [rows, row_length]. Two passes over the part,
// the second corrected for the rounding of the first mean (Chan, Golub and LeVeque 1983), so that a mean far from 0 costs no digits.
// A part is the work of `row_threads` threads; a workgroup holds several where rows are short.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 128;

struct Params {
  rows: u32,
  row_length: u32, // in Vecs
  part_length: u32, // in Vecs
  parts: u32,
  row_threads: u32, // a power of two, at most WORKGROUP_SIZE
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> partial: array<vec2<f32>>; // [part][row]
@group(0) @binding(2) var<uniform> params: Params;

const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

var<workgroup> sums: array<vec2<f32>, WORKGROUP_SIZE>;

/// The sum of two values a thread over the threads of a part, as a tree: in the same order every time.
fn part_sum(a: Vec, b: Vec, lane: u32) -> vec2<f32> {
  let thread = lane % params.row_threads;
  workgroupBarrier();
  sums[lane] = vec2<f32>(dot(vec4<f32>(a), LANE_MASK), dot(vec4<f32>(b), LANE_MASK));
  for (var half = params.row_threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  return sums[lane - thread];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let units = params.rows * params.parts;
  let unit = (group.x + group.y * groups.x) * (WORKGROUP_SIZE / params.row_threads) + lane / params.row_threads;
  let thread = lane % params.row_threads;
  let row = unit % params.rows;
  let part = min(unit / params.rows, params.parts - 1u);
  let start = row * params.row_length + part * params.part_length;
  let end = min(start + params.part_length, (row + 1u) * params.row_length);
  let count = f32((end - start) * LANES);

  var total = Vec(0.0);
  for (var i = start + thread; i < end; i += params.row_threads) { total += Vec(x[i]); }
  let rough_mean = part_sum(total, Vec(0.0), lane).x / count;

  var deviation = Vec(0.0);
  var squares = Vec(0.0);
  for (var i = start + thread; i < end; i += params.row_threads) {
    let d = Vec(x[i]) - rough_mean;
    deviation += d;
    squares = fma(d, d, squares);
  }
  let sum = part_sum(deviation, squares, lane);
  if (thread == 0u && unit < units) {
    partial[part * params.rows + row] = vec2<f32>(rough_mean + sum.x / count, max(sum.y - sum.x * sum.x / count, 0.0));
  }
}
