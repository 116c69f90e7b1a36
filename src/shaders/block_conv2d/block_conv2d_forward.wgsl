// Shuffled-block convolution, forward: y[row, q] = sum over the kept columns of the row's group of value * x[channel, source(q, tap)].
// A workgroup owns one row group and a tile of output positions, and walks the group's columns tap by tap, so that the border
// is tested once a tap. The row shuffle only decides where results are written. See docs/format.md.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
alias Value = vec4<f32>; // f32 unless BLOCK is a multiple of four
alias StoredValue = vec4<f32>; // in memory
alias Added = f32; // Stored with ADDEND
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const BIAS: u32 = 0; // 1: y[row, q] also has added[row]
const ADDEND: u32 = 0; // 1: y also has added, element by element
const STATISTICS: u32 = 0; // 1: also mean and sum of squared deviations of each row over the positions of a workgroup
const BLOCK: u32 = 16; // rows of a group
const COLUMNS: u32 = 4; // Vecs of output positions a thread
const STRIP: u32 = 64; // threads in a row whose Vecs lie in a row: those of a thread are so many apart
const SHARERS: u32 = 1; // invocations of a subgroup that load weights for each other: see sharers.ts

struct Params {
  rows: u32,
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
@group(0) @binding(2) var<storage, read> group_rows: array<u32>;
@group(0) @binding(3) var<storage, read> runs: array<u32>; // start of each [group][tap], the end, and the groups, those with the most columns first
@group(0) @binding(4) var<storage, read> run_columns: array<vec2<u32>>; // channel, slot
@group(0) @binding(5) var<storage, read> added: array<Added>; // [row] with BIAS, of the shape of y with ADDEND
@group(0) @binding(6) var<storage, read_write> y: array<Stored>;
@group(0) @binding(7) var<storage, read_write> partial: array<vec2<f32>>; // [workgroup][row], with STATISTICS only
@group(0) @binding(8) var<uniform> params: Params;

const ROW_QUADS: u32 = (BLOCK + 3u) / 4u;
const NONE: u32 = 0xffffffffu;
alias Sums = array<array<Vec, COLUMNS>, ROW_QUADS * 4u>;
const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

const STAGED_QUADS: u32 = min(ROW_QUADS, 256u / WORKGROUP_SIZE); // whose moments are in workgroup memory at once
const STAGED: u32 = STATISTICS * STAGED_QUADS * WORKGROUP_SIZE * 2u + 1u - STATISTICS;
// [quad][thread]: means of four rows, and sums of squared deviations from them.
var<workgroup> staged: array<vec4<f32>, STAGED>;
alias Vecs = u32;

fn value_at(slot: u32, row: u32) -> f32 {
  return select(0.0, vec4<f32>(Value(values[slot * BLOCK + min(row, BLOCK - 1u)])).x, row < BLOCK);
}

fn four_values_at(slot: u32, quad: u32) -> vec4<f32> {
  if (BLOCK % 4u == 0u) { return vec4<f32>(Value(values[slot * ROW_QUADS + quad])); }
  let row = quad * 4u;
  return vec4<f32>(value_at(slot, row), value_at(slot, row + 1u), value_at(slot, row + 2u), value_at(slot, row + 3u));
}

// Of the `vecs` Vecs from the first of a workgroup on, those that its first `threads` threads hold.
fn vecs_of(threads: u32, vecs: u32) -> u32 {
  let strips = min(threads / STRIP * STRIP * COLUMNS, vecs);
  let own = min(vecs - strips, STRIP * COLUMNS);
  return strips + threads % STRIP * (own / STRIP) + min(threads % STRIP, own % STRIP);
}

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

// The table holds a row for every slot: its length only keeps the index of threads without one inside it.
fn row_of(group: u32, r: u32) -> u32 {
  let at = group * BLOCK + r;
  return select(NONE, group_rows[min(at, arrayLength(&group_rows) - 1u)], r < BLOCK && at < arrayLength(&group_rows));
}

fn subgroup_lane() -> u32 { return 0u; }
fn from_sharer(value: vec4<f32>, sharer: u32) -> vec4<f32> { return value; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sharer = subgroup_lane() % SHARERS;
  let taps = params.kernel_height * params.kernel_width;
  let group = runs[workgroups.y * taps + 1u + workgroup.y];
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let first_position = workgroup.x * COLUMNS * WORKGROUP_SIZE + lane / STRIP * STRIP * COLUMNS + lane % STRIP;

  var source_y: array<i32, COLUMNS>;
  var source_x: array<i32, COLUMNS>;
  var source_n: array<u32, COLUMNS>;
  var target_position: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let q = first_position + j * STRIP;
    target_position[j] = q;
    let pixel = q / params.batch;
    source_n[j] = q % params.batch;
    source_y[j] = i32(pixel / params.out_width * params.stride) - i32(params.padding_y);
    source_x[j] = i32(pixel % params.out_width * params.stride) - i32(params.padding_x);
  }

  var sums: Sums;
  for (var tap = 0u; tap < taps; tap++) {
    var inside: array<bool, COLUMNS>;
    var source: array<u32, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) {
      let sy = source_y[j] + i32(tap / params.kernel_width);
      let sx = source_x[j] + i32(tap % params.kernel_width);
      inside[j] = sy >= 0 && sx >= 0 && sy < i32(params.height) && sx < i32(params.width);
      source[j] = select(0u, (u32(sy) * params.width + u32(sx)) * params.batch + source_n[j], inside[j]);
    }
    let run_end = runs[group * taps + tap + 1u];
    for (var e = runs[group * taps + tap]; e < run_end; e++) {
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

  let row_quads = (min(BLOCK, arrayLength(&group_rows) - group * BLOCK) + 3u) / 4u;
  for (var first_quad = 0u; first_quad < ROW_QUADS; first_quad += STAGED_QUADS) {
    // In a loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
    for (var quad = first_quad; quad < min(first_quad + STAGED_QUADS, row_quads); quad++) {
      let r = quad * 4u;
      let rows = vec4<u32>(row_of(group, r), row_of(group, r + 1u), row_of(group, r + 2u), row_of(group, r + 3u));
      store_quad(&sums, quad, rows, target_position, out_plane, (quad - first_quad) * WORKGROUP_SIZE + lane);
    }
    if (STATISTICS == 1u) {
      let quads = min(STAGED_QUADS, ROW_QUADS - first_quad);
      let vecs = out_plane - workgroup.x * COLUMNS * WORKGROUP_SIZE;
      join_moments(quads * WORKGROUP_SIZE, WORKGROUP_SIZE, lane, vecs);
      for (var e = lane; e < quads * 4u; e += WORKGROUP_SIZE) {
        let row = row_of(group, first_quad * 4u + e);
        let at = e / 4u * WORKGROUP_SIZE * 2u;
        if (row < params.rows) { partial[workgroup.x * params.rows + row] = vec2<f32>(staged[at][e % 4u], staged[at + 1u][e % 4u]); }
      }
      workgroupBarrier();
    }
  }
}
