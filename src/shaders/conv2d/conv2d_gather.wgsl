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
alias Added = f32; // Stored with ADDEND
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ROWS: u32 = 16;
const COLUMNS: u32 = 4;
const SHARERS: u32 = 1; // invocations of a subgroup that load weights for each other: see sharers.ts
const BIAS: u32 = 0; // 1: y[m, q] also has added[m]
const ADDEND: u32 = 0; // 1: y also has added, element by element
const STATISTICS: u32 = 0; // 1: also mean and sum of squared deviations of each row over the positions of a workgroup; where down is 1
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
@group(0) @binding(2) var<storage, read> added: array<Added>; // [M] with BIAS, of the shape of y with ADDEND
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;
@group(0) @binding(4) var<storage, read_write> partial: array<vec2<f32>>; // [workgroup][row], with STATISTICS only
@group(0) @binding(5) var<uniform> params: Params;

const MAX_ROW_THREADS: u32 = 8;
const ROW_QUADS: u32 = ROWS / 4u;
alias Sums = array<array<Vec, COLUMNS>, ROWS>;
const OUTSIDE: u32 = 0x80000000u; // a source index that stays past the end of x
const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

const STAGED: u32 = DEPTH * ROW_QUADS * MAX_ROW_THREADS;
const STAGED_QUADS: u32 = min(ROW_QUADS, STAGED / 2u / WORKGROUP_SIZE); // whose moments are in workgroup memory at once
// [term][row]; in the end, of [quad][thread], the means of four rows and the sums of squared deviations from them.
var<workgroup> staged: array<vec4<f32>, STAGED>;
alias Vecs = vec2<u32>;

// Rows `row` to `row + 3` of one (channel, tap), at `at` within a row.
fn weights_at(row: u32, at: u32, exists: bool) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  for (var r = 0u; r < 4u; r++) {
    if (exists && row + r < params.rows) { quad[r] = f32(weight[(row + r) * params.row_stride + at]); }
  }
  return quad;
}

// Of the Vecs of a workgroup those that its first `threads` threads hold: vecs.x each, and the first vecs.y threads one more.
fn vecs_of(threads: u32, vecs: Vecs) -> u32 { return threads * vecs.x + min(threads, vecs.y); }

// Stores row `i` of a quad of rows at the thread's positions. Returns its mean and the sum of squared deviations, before rounding to f16,
// relative to the first value: a mean far from 0 costs no digits.
fn store_row(sums: ptr<function, Sums>, quad: u32, i: u32, row: u32, targets: array<u32, COLUMNS>, out_plane: u32) -> vec2<f32> {
  var pivot = 0.0;
  var shifts = Vec(0.0);
  var squares = Vec(0.0);
  var count = 0.0;
  for (var j = 0u; j < COLUMNS; j++) {
    var result = sums[i][j];
    for (var k = 1u; k < ROW_QUADS; k++) { result = select(result, sums[k * 4u + i][j], k == quad); }
    let isInside = row < params.rows && targets[j] < out_plane;
    let at = row * out_plane + targets[j];
    if (BIAS == 1u) { result += Vec(added[select(0u, row, isInside)]); }
    if (ADDEND == 1u) { result += Vec(added[select(0u, at, isInside)]); }
    if (isInside) { y[at] = Stored(result); }
    if (STATISTICS == 1u) {
      if (j == 0u) { pivot = vec4<f32>(result).x; }
      let d = select(Vec(0.0), result - pivot, isInside);
      shifts += d;
      squares = fma(d, d, squares);
      count += select(0.0, f32(LANES), isInside);
    }
  }
  let shift = dot(vec4<f32>(shifts), LANE_MASK);
  let square = dot(vec4<f32>(squares), LANE_MASK);
  let per_count = 1.0 / max(count, 1.0);
  return select(vec2<f32>(0.0), vec2<f32>(pivot + shift * per_count, max(square - shift * shift * per_count, 0.0)), count > 0.0);
}

// Stores four rows; notes their moments as those of thread `at`.
fn store_quad(sums: ptr<function, Sums>, quad: u32, rows: vec4<u32>, targets: array<u32, COLUMNS>, out_plane: u32, at: u32) {
  let a = store_row(sums, quad, 0u, rows.x, targets, out_plane);
  let b = store_row(sums, quad, 1u, rows.y, targets, out_plane);
  let c = store_row(sums, quad, 2u, rows.z, targets, out_plane);
  let d = store_row(sums, quad, 3u, rows.w, targets, out_plane);
  if (STATISTICS == 1u) {
    staged[at * 2u] = vec4<f32>(a.x, b.x, c.x, d.x);
    staged[at * 2u + 1u] = vec4<f32>(a.y, b.y, c.y, d.y);
  }
}

// Joins the moments of every `threads` threads into those of the first, eight at a time, relative to the first mean (Chan, Golub and
// LeVeque 1983). @param count of all moments.
fn join_moments(count: u32, threads: u32, lane: u32, vecs: Vecs) {
  for (var step = 1u; step < threads; step *= 8u) {
    workgroupBarrier();
    let span = min(step * 8u, threads);
    for (var at = lane * span; at < count; at += WORKGROUP_SIZE * span) {
      let pivot = staged[at * 2u];
      var shift = vec4<f32>(0.0);
      var square = vec4<f32>(0.0);
      let start = vecs_of(at % threads, vecs);
      var before = start;
      for (var next = step; next <= span; next += step) {
        let end = vecs_of(at % threads + next, vecs);
        let elements = f32((end - before) * LANES);
        let e = (at + next - step) * 2u;
        let d = staged[e] - pivot;
        shift += elements * d;
        square += staged[e + 1u] + elements * d * d;
        before = end;
      }
      let elements = f32(max(before - start, 1u) * LANES);
      staged[at * 2u] = pivot + shift / elements;
      staged[at * 2u + 1u] = max(square - shift * shift / elements, vec4<f32>(0.0));
    }
  }
  workgroupBarrier();
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

  var sums: Sums;
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
      staged[e] = weights_at(row, at, term < terms);
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
      for (var i = 0u; i < ROW_QUADS / SHARERS; i++) { own[i] = staged[d * staged_quads + first_quad + i * SHARERS + sharer]; }
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

  let own_quads = min(ROW_QUADS, (params.rows - min(first_row, params.rows) + 3u) / 4u);
  for (var staged_quad = 0u; staged_quad < ROW_QUADS; staged_quad += STAGED_QUADS) {
    if (STATISTICS == 1u) { workgroupBarrier(); }
    // In a loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
    for (var quad = staged_quad; quad < min(staged_quad + STAGED_QUADS, own_quads); quad++) {
      let rows = first_row + quad * 4u + vec4<u32>(0u, 1u, 2u, 3u);
      store_quad(&sums, quad, rows, target_position, out_plane, (quad - staged_quad) * WORKGROUP_SIZE + lane);
    }
    if (STATISTICS == 1u) {
      let quads = min(STAGED_QUADS, ROW_QUADS - staged_quad);
      let left = min(phase_positions - group.x * COLUMNS * column_threads, COLUMNS * column_threads);
      join_moments(quads * WORKGROUP_SIZE, column_threads, lane, vec2<u32>(left / column_threads, left % column_threads));
      for (var e = lane; e < quads * params.row_threads * 4u; e += WORKGROUP_SIZE) {
        let unit = e / 4u; // [quad][row thread]
        let quad = unit % params.row_threads * ROW_QUADS + staged_quad + unit / params.row_threads;
        let row = first_staged_row + quad * 4u + e % 4u;
        let at = unit * column_threads * 2u;
        if (row < params.rows) { partial[group.x * params.rows + row] = vec2<f32>(staged[at][e % 4u], staged[at + 1u][e % 4u]); }
      }
    }
  }
}
