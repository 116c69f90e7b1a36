// Convolution, gradient of the weight: partial[part, row, column] = sum over q of the part of grad_output[row, q] * x[channel, source(q, tap)]
// with column = channel * taps + tap. The sum over all output positions q is split into parts, which a second pass adds in order: a
// workgroup takes a chunk of positions, each of its POSITION_THREADS rows of threads a part of it. A thread keeps ROWS x COLUMNS sums.
alias Vec = vec4<f32>;
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ROWS: u32 = 16;
const COLUMNS: u32 = 4;
const POSITION_THREADS: u32 = 4;
const POSITIONS: u32 = 32; // output positions staged at once, a multiple of POSITION_THREADS

struct Params {
  rows: u32,
  columns: u32,
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
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> grad_output: array<Vec>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

const COLUMN_THREADS: u32 = WORKGROUP_SIZE / POSITION_THREADS;

const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

var<workgroup> outputs: array<Vec, POSITIONS * ROWS>; // [position][row]
var<workgroup> sources: array<vec4<i32>, POSITIONS>; // y, x, n, 1 if there is such a position

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  let first_row = group.y * ROWS;
  let column_thread = lane % COLUMN_THREADS;
  let position_thread = lane / COLUMN_THREADS;
  let first_position = group.z * params.chunk;
  let end_position = min(first_position + params.chunk, out_plane);

  var base: array<u32, COLUMNS>;
  var tap_y: array<i32, COLUMNS>;
  var tap_x: array<i32, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) {
    let column = min((group.x * COLUMNS + c) * COLUMN_THREADS + column_thread, params.columns - 1u);
    base[c] = column / taps * plane;
    tap_y[c] = i32(column % taps / params.kernel_width);
    tap_x[c] = i32(column % taps % params.kernel_width);
  }

  var sums: array<array<f32, COLUMNS>, ROWS>;
  for (var staged = first_position; staged < end_position; staged += POSITIONS) {
    workgroupBarrier();
    for (var e = lane; e < POSITIONS * ROWS; e += WORKGROUP_SIZE) {
      let position = staged + e % POSITIONS;
      let row = first_row + e / POSITIONS;
      let valid = row < params.rows && position < end_position;
      outputs[e % POSITIONS * ROWS + e / POSITIONS] = select(Vec(0.0), grad_output[select(0u, row * out_plane + position, valid)], valid);
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
        let inside = source.w == 1 && sy >= 0 && sx >= 0 && sy < i32(params.height) && sx < i32(params.width);
        let at = base[c] + (u32(sy) * params.width + u32(sx)) * params.batch + u32(source.z);
        inputs[c] = select(Vec(0.0), x[select(0u, at, inside)], inside);
      }
      for (var r = 0u; r < ROWS; r++) {
        let output = outputs[p * ROWS + r];
        for (var c = 0u; c < COLUMNS; c++) {
          sums[r][c] += dot(vec4<f32>(output) * LANE_MASK, vec4<f32>(inputs[c]));
        }
      }
    }
  }

  // A loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
  let part = group.z * POSITION_THREADS + position_thread;
  for (var r = 0u; r < min(ROWS, params.rows - first_row); r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      var result = 0.0;
      for (var k = 0u; k < ROWS; k++) { result = select(result, sums[k][c], k == r); }
      let column = (group.x * COLUMNS + c) * COLUMN_THREADS + column_thread;
      if (column < params.columns) { partial[(part * params.rows + first_row + r) * params.columns + column] = result; }
    }
  }
}
