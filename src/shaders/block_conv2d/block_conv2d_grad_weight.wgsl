// Shuffled-block convolution, gradient of the kept weights only:
// partial[part, slot, r] = sum over q of the part of grad_output[row r of the slot's group, q] * x[channel, source(q, tap)].
// A workgroup owns a tile of slots of one group and a chunk of output positions, of which each of its POSITION_THREADS rows of
// threads takes a part; a second pass adds the parts in order.
alias Vec = vec4<f32>;
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const BLOCK: u32 = 16;
const COLUMNS: u32 = 4; // slots a thread
const POSITION_THREADS: u32 = 4;
const POSITIONS: u32 = 32; // output positions staged at once, a multiple of POSITION_THREADS

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
  chunk: u32, // output positions of a chunk
  slots: u32, // of the layer
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> grad_output: array<Vec>;
@group(0) @binding(2) var<storage, read> group_rows: array<u32>;
@group(0) @binding(3) var<storage, read> block_columns: array<u32>; // [slot]
@group(0) @binding(4) var<storage, read> tiles: array<vec4<u32>>; // group, first slot, number of slots, unused
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

const COLUMN_THREADS: u32 = WORKGROUP_SIZE / POSITION_THREADS;
const NONE: u32 = 0xffffffffu;

const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

var<workgroup> outputs: array<Vec, POSITIONS * BLOCK>; // [position][row]
var<workgroup> sources: array<vec4<i32>, POSITIONS>; // y, x, n, 1 if there is such a position

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tiles[workgroup.x];
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  let column_thread = lane % COLUMN_THREADS;
  let position_thread = lane / COLUMN_THREADS;
  let first_position = workgroup.y * params.chunk;
  let end_position = min(first_position + params.chunk, out_plane);

  var kept: array<bool, COLUMNS>;
  var base: array<u32, COLUMNS>;
  var tap_y: array<i32, COLUMNS>;
  var tap_x: array<i32, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) {
    let slot = c * COLUMN_THREADS + column_thread;
    var column = block_columns[tile.y + min(slot, max(tile.z, 1u) - 1u)];
    kept[c] = slot < tile.z && column != NONE;
    column = select(0u, column, kept[c]);
    base[c] = column / taps * plane;
    tap_y[c] = i32(column % taps / params.kernel_width);
    tap_x[c] = i32(column % taps % params.kernel_width);
  }

  var sums: array<array<f32, COLUMNS>, BLOCK>;
  for (var staged = first_position; staged < end_position; staged += POSITIONS) {
    workgroupBarrier();
    for (var e = lane; e < POSITIONS * BLOCK; e += WORKGROUP_SIZE) {
      let position = staged + e % POSITIONS;
      let row = group_rows[tile.x * BLOCK + e / POSITIONS];
      let valid = row != NONE && position < end_position;
      outputs[e % POSITIONS * BLOCK + e / POSITIONS] = select(Vec(0.0), grad_output[select(0u, row * out_plane + position, valid)], valid);
    }
    if (lane < POSITIONS) {
      let position = staged + lane;
      let pixel = position / params.batch;
      sources[lane] = vec4<i32>(
        i32(pixel / params.out_width * params.stride) - i32(params.padding_y),
        i32(pixel % params.out_width * params.stride) - i32(params.padding_x),
        i32(position % params.batch),
        select(0, 1, position < end_position),
      );
    }
    workgroupBarrier();
    for (var p = position_thread; p < POSITIONS; p += POSITION_THREADS) {
      let source = sources[p];
      var inputs: array<Vec, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) {
        let sy = source.x + tap_y[c];
        let sx = source.y + tap_x[c];
        let inside = kept[c] && source.w == 1 && sy >= 0 && sx >= 0 && sy < i32(params.height) && sx < i32(params.width);
        let at = base[c] + (u32(sy) * params.width + u32(sx)) * params.batch + u32(source.z);
        inputs[c] = select(Vec(0.0), x[select(0u, at, inside)], inside);
      }
      for (var r = 0u; r < BLOCK; r++) {
        let output = outputs[p * BLOCK + r];
        for (var c = 0u; c < COLUMNS; c++) {
          sums[r][c] += dot(vec4<f32>(output) * LANE_MASK, vec4<f32>(inputs[c]));
        }
      }
    }
  }

  // A loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
  let part = workgroup.y * POSITION_THREADS + position_thread;
  for (var c = 0u; c < min(COLUMNS, tile.z); c++) {
    let slot = c * COLUMN_THREADS + column_thread;
    for (var r = 0u; r < BLOCK; r++) {
      var result = 0.0;
      for (var k = 0u; k < COLUMNS; k++) { result = select(result, sums[r][k], k == c); }
      if (slot < tile.z) { partial[(part * params.slots + tile.y + slot) * BLOCK + r] = result; }
    }
  }
}
