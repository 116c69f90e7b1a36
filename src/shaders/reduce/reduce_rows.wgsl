// y[part, row] = fold over one part of a contiguous row of x [rows, row_length]: row_threads lanes of a workgroup a part, striding over
// it, then a tree in workgroup memory. Short parts share a workgroup. The order of the fold is fixed, so results repeat bit for bit.
alias StoredX = f32; // f16 in half precision
alias StoredY = f32;
const WORKGROUP_SIZE: u32 = 128;
const MAXIMUM: u32 = 0; // 1 folds by maximum (NaN wins), 0 by sum

struct Params {
  rows: u32,
  row_length: u32,
  part_length: u32,
  parts: u32,
  row_threads: u32, // a power of two, at most WORKGROUP_SIZE
  factor: f32, // applied to the result
}

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>; // [part][row]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> folded: array<f32, WORKGROUP_SIZE>;

// By its bits: a compiler may take it for granted that no value is NaN.
fn is_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }

fn fold(a: f32, b: f32) -> f32 {
  if (MAXIMUM == 0u) { return a + b; }
  return select(a, b, !is_nan(a) && (b > a || is_nan(b)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let units = WORKGROUP_SIZE / params.row_threads;
  let unit = (group.x + group.y * groups.x) * units + lane / params.row_threads;
  let row_lane = lane % params.row_threads;
  let row = unit % params.rows;
  let part = min(unit / params.rows, params.parts - 1u);
  let start = part * params.part_length;
  let end = min(start + params.part_length, params.row_length);
  var value = select(0.0, f32(x[row * params.row_length + start]), MAXIMUM == 1u);
  for (var i = start + row_lane; i < end; i += params.row_threads) { value = fold(value, f32(x[row * params.row_length + i])); }
  folded[lane] = value;
  for (var half = params.row_threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (row_lane < half) { folded[lane] = fold(folded[lane], folded[lane + half]); }
  }
  if (row_lane == 0u && unit < params.rows * params.parts) { y[part * params.rows + row] = StoredY(folded[lane] * params.factor); }
}
