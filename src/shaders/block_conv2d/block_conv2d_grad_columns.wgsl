// Shuffled-block convolution, gradient of the input, first half: the gradient of every kept column of the unrolled input,
// grad_columns[slot, q] = sum over the rows of the slot's group of value * grad_output[row, q]. The rows of grad_output are
// loaded once and stay in registers for all columns of the group. Works on a range of the batch to bound memory.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
alias Value = vec4<f32>; // f32 unless BLOCK is a multiple of four
alias StoredValue = vec4<f32>; // in memory
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const BLOCK: u32 = 16;
const COLUMNS: u32 = 2; // Vecs of output positions a thread
const STRIP: u32 = 64; // threads in a row whose Vecs lie in a row: those of a thread are so many apart
const SHARERS: u32 = 1; // invocations of a subgroup that load weights for each other: see sharers.ts

struct Params {
  out_pixels: u32,
  batch: u32, // in Vecs
  batch_start: u32, // the range of this pass
  batch_count: u32,
}

@group(0) @binding(0) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(1) var<storage, read> values: array<StoredValue>; // [slot][row of the group]
@group(0) @binding(2) var<storage, read> group_order: array<u32>;
@group(0) @binding(3) var<storage, read> group_rows: array<u32>;
@group(0) @binding(4) var<storage, read> group_start: array<u32>; // first block of each group, and the end
@group(0) @binding(5) var<storage, read_write> grad_columns: array<Stored>; // [slot][pixel][batch_count]
@group(0) @binding(6) var<uniform> params: Params;

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
  let out_plane = params.out_pixels * params.batch;
  let positions = params.out_pixels * params.batch_count;
  let first_position = workgroup.x * COLUMNS * WORKGROUP_SIZE + lane / STRIP * STRIP * COLUMNS + lane % STRIP;

  var outputs: array<array<Vec, COLUMNS>, ROW_QUADS * 4u>;
  for (var j = 0u; j < COLUMNS; j++) {
    let position = first_position + j * STRIP;
    let q = position / params.batch_count * params.batch + params.batch_start + position % params.batch_count;
    for (var r = 0u; r < BLOCK; r++) {
      let row = group_rows[group * BLOCK + r];
      let valid = row != NONE && position < positions;
      outputs[r][j] = select(Vec(0.0), Vec(grad_output[select(0u, row * out_plane + q, valid)]), valid);
    }
  }

  let end_slot = group_start[group + 1u] * BLOCK;
  for (var slot = group_start[group] * BLOCK; slot < end_slot; slot++) {
    var sums: array<Vec, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) { sums[j] = Vec(0.0); }
    var own: array<vec4<f32>, ROW_QUADS / SHARERS>;
    for (var i = 0u; i < ROW_QUADS / SHARERS; i++) { own[i] = four_values_at(slot, i * SHARERS + sharer); }
    for (var quad = 0u; quad < ROW_QUADS; quad++) {
      let w = from_sharer(own[quad / SHARERS], quad % SHARERS);
      for (var j = 0u; j < COLUMNS; j++) {
        sums[j] = fma(Vec(w.x), outputs[quad * 4u][j], sums[j]);
        sums[j] = fma(Vec(w.y), outputs[quad * 4u + 1u][j], sums[j]);
        sums[j] = fma(Vec(w.z), outputs[quad * 4u + 2u][j], sums[j]);
        sums[j] = fma(Vec(w.w), outputs[quad * 4u + 3u][j], sums[j]);
      }
    }
    for (var j = 0u; j < COLUMNS; j++) {
      let position = first_position + j * STRIP;
      if (position < positions) { grad_columns[slot * positions + position] = Stored(sums[j]); }
    }
  }
}
