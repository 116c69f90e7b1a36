// Shuffled-block convolution, forward: y[row, q] = sum over the kept columns of the row's group of value * x[channel, source(q, tap)].
// A workgroup owns one row group and a tile of output positions, and walks the group's columns tap by tap, so that the border
// is tested once a tap. The row shuffle only decides where results are written. See docs/format.md.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
alias Value = vec4<f32>; // f32 unless BLOCK is a multiple of four
alias StoredValue = vec4<f32>; // in memory
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const BIAS: u32 = 0; // 1: y[row, q] also has bias[row]
const BLOCK: u32 = 16; // rows of a group
const COLUMNS: u32 = 4; // Vecs of output positions a thread
const STRIP: u32 = 64; // threads in a row whose Vecs lie in a row: those of a thread are so many apart
const SHARERS: u32 = 1; // invocations of a subgroup that load weights for each other: see sharers.ts

struct Params {
  height: u32,
  width: u32,
  batch: u32, // in Vecs
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  padding_y: u32,
  padding_x: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> values: array<StoredValue>; // [slot][row of the group]
@group(0) @binding(2) var<storage, read> group_order: array<u32>; // groups with the most columns first
@group(0) @binding(3) var<storage, read> group_rows: array<u32>;
@group(0) @binding(4) var<storage, read> run_start: array<u32>; // [group][tap], and the end
@group(0) @binding(5) var<storage, read> run_columns: array<vec2<u32>>; // channel, slot
@group(0) @binding(6) var<storage, read> bias: array<f32>; // [row], with BIAS only
@group(0) @binding(7) var<storage, read_write> y: array<Stored>;
@group(0) @binding(8) var<uniform> params: Params;

const ROW_QUADS: u32 = (BLOCK + 3u) / 4u;
const NONE: u32 = 0xffffffffu;

fn value_at(slot: u32, row: u32) -> f32 {
  return select(0.0, vec4<f32>(Value(values[slot * BLOCK + min(row, BLOCK - 1u)])).x, row < BLOCK);
}

fn four_values_at(slot: u32, quad: u32) -> vec4<f32> {
  if (BLOCK % 4u == 0u) { return vec4<f32>(Value(values[slot * ROW_QUADS + quad])); }
  let row = quad * 4u;
  return vec4<f32>(value_at(slot, row), value_at(slot, row + 1u), value_at(slot, row + 2u), value_at(slot, row + 3u));
}

fn subgroup_lane() -> u32 { return 0u; }
fn from_sharer(value: vec4<f32>, sharer: u32) -> vec4<f32> { return value; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let sharer = subgroup_lane() % SHARERS;
  let group = group_order[workgroup.y];
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let first_position = workgroup.x * COLUMNS * WORKGROUP_SIZE + lane / STRIP * STRIP * COLUMNS + lane % STRIP;
  let group_size = min(BLOCK, arrayLength(&group_rows) - group * BLOCK);

  var source_y: array<i32, COLUMNS>;
  var source_x: array<i32, COLUMNS>;
  var source_n: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let q = first_position + j * STRIP;
    let pixel = q / params.batch;
    source_n[j] = q % params.batch;
    source_y[j] = i32(pixel / params.out_width * params.stride) - i32(params.padding_y);
    source_x[j] = i32(pixel % params.out_width * params.stride) - i32(params.padding_x);
  }

  var sums: array<array<Vec, COLUMNS>, ROW_QUADS * 4u>;
  let taps = params.kernel_height * params.kernel_width;
  for (var tap = 0u; tap < taps; tap++) {
    var inside: array<bool, COLUMNS>;
    var source: array<u32, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) {
      let sy = source_y[j] + i32(tap / params.kernel_width);
      let sx = source_x[j] + i32(tap % params.kernel_width);
      inside[j] = sy >= 0 && sx >= 0 && sy < i32(params.height) && sx < i32(params.width);
      source[j] = select(0u, (u32(sy) * params.width + u32(sx)) * params.batch + source_n[j], inside[j]);
    }
    let run_end = run_start[group * taps + tap + 1u];
    for (var e = run_start[group * taps + tap]; e < run_end; e++) {
      let column = run_columns[e];
      var inputs: array<Vec, COLUMNS>;
      for (var j = 0u; j < COLUMNS; j++) {
        inputs[j] = select(Vec(0.0), Vec(x[source[j] + column.x * plane]), inside[j]);
      }
      var own: array<vec4<f32>, ROW_QUADS / SHARERS>;
      for (var i = 0u; i < ROW_QUADS / SHARERS; i++) { own[i] = four_values_at(column.y, i * SHARERS + sharer); }
      for (var quad = 0u; quad < ROW_QUADS; quad++) {
        let w = from_sharer(own[quad / SHARERS], quad % SHARERS);
        for (var j = 0u; j < COLUMNS; j++) {
          sums[quad * 4u][j] = fma(Vec(w.x), inputs[j], sums[quad * 4u][j]);
          sums[quad * 4u + 1u][j] = fma(Vec(w.y), inputs[j], sums[quad * 4u + 1u][j]);
          sums[quad * 4u + 2u][j] = fma(Vec(w.z), inputs[j], sums[quad * 4u + 2u][j]);
          sums[quad * 4u + 3u][j] = fma(Vec(w.w), inputs[j], sums[quad * 4u + 3u][j]);
        }
      }
    }
  }

  // A loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
  for (var r = 0u; r < group_size; r++) {
    let row = group_rows[group * BLOCK + r];
    for (var j = 0u; j < COLUMNS; j++) {
      var result = Vec(0.0);
      for (var k = 0u; k < BLOCK; k++) { result = select(result, sums[k][j], k == r); }
      let q = first_position + j * STRIP;
      if (BIAS == 1u) { result += bias[select(0u, row, row != NONE)]; }
      if (row != NONE && q < out_plane) { y[row * out_plane + q] = Stored(result); }
    }
  }
}
