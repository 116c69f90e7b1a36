// Convolution by gathering, as an implicit matrix product: y[m, q] = sum over (c, tap) weight(m, c, tap) * x[c, source(q, tap)].
// One shader for the forward pass and, with the weight read transposed and the taps reversed, for gradInput:
//   forward    m = out channel, c = in channel,   source = q * stride - padding + tap           (up = stride, down = 1)
//   gradInput  m = in channel,  c = out channel,  source = (q + padding - tap) / stride, if whole (up = 1, down = stride)
// Only every down-th tap meets a given output pixel. Pixels are therefore done in down * down phases, along z of the grid: those with the
// same remainders of y and x, which share their taps.
// x [C, height, width, N], y [M, out_height, out_width, N], batch in Vecs. A thread keeps ROWS x COLUMNS Vecs in registers; a
// workgroup is row_threads threads high, so that few columns (a linear layer at a small batch) still fill it.
alias Vec = vec4<f32>;
alias StoredWeight = f32;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ROWS: u32 = 16;
const COLUMNS: u32 = 4;
const SHARERS: u32 = 1; // invocations of a subgroup that load weights for each other: see sharers.ts
const BIAS: u32 = 0; // 1: y[m, q] also has bias[m]
const ADDEND: u32 = 0; // 1: and addend[m, q], with gradInput what other uses of the input have passed to it
const DEPTH: u32 = 16; // (tap, channel) pairs staged in workgroup memory at once

struct Params {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32,
  rows: u32, // M
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  up: i32,
  down: i32,
  tap_sign: i32, // -1 for gradInput
  offset_y: i32, // source row of output row 0 at tap 0, times down
  offset_x: i32,
  row_stride: u32, // of weight, in elements
  channel_stride: u32,
  row_threads: u32, // at most MAX_ROW_THREADS
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> weight: array<StoredWeight>;
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [M], with BIAS only
@group(0) @binding(3) var<storage, read> addend: array<Stored>; // with ADDEND only
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;
@group(0) @binding(5) var<uniform> params: Params;

const MAX_ROW_THREADS: u32 = 8;
const ROW_QUADS: u32 = ROWS / 4u;
const OUTSIDE: u32 = 0x80000000u; // a source index that stays past the end of x

var<workgroup> weights: array<vec4<f32>, DEPTH * ROW_QUADS * MAX_ROW_THREADS>; // [term][row]

// Rows `row` to `row + 3` of one (channel, tap), at `at` within a row.
fn weights_at(row: u32, at: u32, exists: bool) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  for (var r = 0u; r < 4u; r++) {
    if (exists && row + r < params.rows) { quad[r] = f32(weight[(row + r) * params.row_stride + at]); }
  }
  return quad;
}

fn subgroup_lane() -> u32 { return 0u; }
fn from_sharer(value: vec4<f32>, sharer: u32) -> vec4<f32> { return value; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let sharer = subgroup_lane() % SHARERS;
  let plane = params.height * params.width * params.batch;
  let end = params.channels * plane;
  let out_plane = params.out_height * params.out_width * params.batch;
  let staged_quads = ROW_QUADS * params.row_threads;
  let column_threads = WORKGROUP_SIZE / params.row_threads;
  let first_staged_row = group.y * staged_quads * 4u;
  let first_quad = lane / column_threads * ROW_QUADS;
  let first_row = first_staged_row + first_quad * 4u;
  let first_column = group.x * COLUMNS * column_threads + lane % column_threads;

  let down = u32(params.down);
  let phase = vec2<u32>(group.z / down, group.z % down);
  let phase_width = (params.out_width + down - 1u - phase.y) / down;
  let phase_positions = (params.out_height + down - 1u - phase.x) / down * phase_width * params.batch;
  let shifted = vec2<i32>(phase) + vec2<i32>(params.offset_y, params.offset_x);
  let first_tap = shifted % params.down;

  var source_y: array<i32, COLUMNS>;
  var source_x: array<i32, COLUMNS>;
  var source_n: array<u32, COLUMNS>;
  var target_position: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let q = first_column + j * column_threads;
    let pixel = vec2<u32>(q / params.batch / phase_width, q / params.batch % phase_width);
    source_n[j] = q % params.batch;
    source_y[j] = i32(pixel.x) * params.up + (shifted.x - first_tap.x) / params.down;
    source_x[j] = i32(pixel.y) * params.up + (shifted.y - first_tap.y) / params.down;
    let out_pixel = pixel * down + phase;
    target_position[j] = (out_pixel.x * params.out_width + out_pixel.y) * params.batch + source_n[j];
    if (q >= phase_positions) { target_position[j] = OUTSIDE; }
  }

  var sums: array<array<Vec, COLUMNS>, ROWS>;
  var source: array<u32, COLUMNS>;
  let tap_columns = (i32(params.kernel_width) + params.down - 1 - first_tap.y) / params.down;
  let taps = (i32(params.kernel_height) + params.down - 1 - first_tap.x) / params.down * tap_columns;
  // One sum over all (tap, channel), taps outermost. What is staged may span several taps, so that few channels need few barriers.
  let terms = u32(taps) * params.channels;
  var next_tap = 0;
  var next_tap_start = 0u;
  for (var first = 0u; first < terms; first += DEPTH) {
    workgroupBarrier();
    for (var e = lane; e < DEPTH * staged_quads; e += WORKGROUP_SIZE) {
      let term = first + e / staged_quads;
      let t = i32(term / params.channels);
      let tap = vec2<u32>(first_tap + vec2<i32>(t / tap_columns, t % tap_columns) * params.down);
      let row = first_staged_row + e % staged_quads * 4u;
      let at = term % params.channels * params.channel_stride + tap.x * params.kernel_width + tap.y;
      weights[e] = weights_at(row, at, term < terms);
    }
    workgroupBarrier();
    let depth = min(DEPTH, terms - first);
    for (var d = 0u; d < depth; d++) {
      if (first + d == next_tap_start) {
        for (var j = 0u; j < COLUMNS; j++) {
          // Negative coordinates are large ones when read as unsigned.
          let y = u32(source_y[j] + params.tap_sign * (next_tap / tap_columns));
          let x = u32(source_x[j] + params.tap_sign * (next_tap % tap_columns));
          let inside = y < params.height && x < params.width;
          source[j] = select(OUTSIDE, (y * params.width + x) * params.batch + source_n[j], inside);
        }
        next_tap++;
        next_tap_start += params.channels;
      }
      var inputs: array<Vec, COLUMNS>;
      for (var j = 0u; j < COLUMNS; j++) {
        inputs[j] = select(Vec(0.0), Vec(x[select(0u, source[j], source[j] < end)]), source[j] < end);
        source[j] += plane;
      }
      var own: array<vec4<f32>, ROW_QUADS / SHARERS>;
      for (var i = 0u; i < ROW_QUADS / SHARERS; i++) { own[i] = weights[d * staged_quads + first_quad + i * SHARERS + sharer]; }
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
  for (var r = 0u; r < min(ROWS, params.rows - min(first_row, params.rows)); r++) {
    for (var j = 0u; j < COLUMNS; j++) {
      var result = Vec(0.0);
      for (var k = 0u; k < ROWS; k++) { result = select(result, sums[k][j], k == r); }
      if (BIAS == 1u) { result += bias[first_row + r]; }
      if (target_position[j] < out_plane) {
        let at = (first_row + r) * out_plane + target_position[j];
        if (ADDEND == 1u) { result += Vec(addend[at]); }
        y[at] = Stored(result);
      }
    }
  }
}
