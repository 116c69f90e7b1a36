// Convolution by gathering, as an implicit matrix product: y[m, q] = sum over (c, tap) weight(m, c, tap) * x[c, source(q, tap)].
// One shader for the forward pass and, with the weight read transposed and the taps reversed, for gradInput:
//   forward    m = out channel, c = in channel,   source = q * stride - padding + tap           (up = stride, down = 1)
//   gradInput  m = in channel,  c = out channel,  source = (q + padding - tap) / stride, if whole (up = 1, down = stride)
// x [C, height, width, N], y [M, out_height, out_width, N], batch in Vecs. A thread keeps ROWS x COLUMNS Vecs in registers; a
// workgroup is row_threads threads high, so that few columns (a linear layer at a small batch) still fill it.
alias Vec = vec4<f32>;
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ROWS: u32 = 16;
const COLUMNS: u32 = 4;
const DEPTH: u32 = 16; // channels staged in workgroup memory at once

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
  offset_y: i32, // source row of output row 0 at tap 0
  offset_x: i32,
  row_stride: u32, // of weight, in elements
  channel_stride: u32,
  row_threads: u32, // at most MAX_ROW_THREADS
}

@group(0) @binding(0) var<storage, read> x: array<Vec>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Vec>;
@group(0) @binding(3) var<uniform> params: Params;

const MAX_ROW_THREADS: u32 = 8;
const ROW_QUADS: u32 = ROWS / 4u;

var<workgroup> weights: array<vec4<f32>, DEPTH * ROW_QUADS * MAX_ROW_THREADS>; // [channel][row] of one tap

fn weight_at(row: u32, channel: u32, tap: u32) -> f32 {
  if (row >= params.rows || channel >= params.channels) { return 0.0; }
  return weight[row * params.row_stride + channel * params.channel_stride + tap];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let staged_quads = ROW_QUADS * params.row_threads;
  let column_threads = WORKGROUP_SIZE / params.row_threads;
  let first_staged_row = group.y * staged_quads * 4u;
  let first_quad = lane / column_threads * ROW_QUADS;
  let first_row = first_staged_row + first_quad * 4u;
  let first_column = group.x * COLUMNS * column_threads + lane % column_threads;

  var source_y: array<i32, COLUMNS>;
  var source_x: array<i32, COLUMNS>;
  var source_n: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let q = first_column + j * column_threads;
    let pixel = q / params.batch;
    source_n[j] = q % params.batch;
    source_y[j] = i32(pixel / params.out_width) * params.up + params.offset_y;
    source_x[j] = i32(pixel % params.out_width) * params.up + params.offset_x;
  }

  var sums: array<array<Vec, COLUMNS>, ROWS>;
  let taps = params.kernel_height * params.kernel_width;
  for (var tap = 0u; tap < taps; tap++) {
    var inside: array<bool, COLUMNS>;
    var source: array<u32, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) {
      var sy = source_y[j] + params.tap_sign * i32(tap / params.kernel_width);
      var sx = source_x[j] + params.tap_sign * i32(tap % params.kernel_width);
      inside[j] = sy >= 0 && sx >= 0 && sy % params.down == 0 && sx % params.down == 0;
      sy = sy / params.down;
      sx = sx / params.down;
      inside[j] = inside[j] && sy < i32(params.height) && sx < i32(params.width);
      source[j] = select(0u, (u32(sy) * params.width + u32(sx)) * params.batch + source_n[j], inside[j]);
    }
    for (var first = 0u; first < params.channels; first += DEPTH) {
      workgroupBarrier();
      for (var e = lane; e < DEPTH * staged_quads; e += WORKGROUP_SIZE) {
        let channel = first + e / staged_quads;
        let row = first_staged_row + e % staged_quads * 4u;
        weights[e] = vec4<f32>(
          weight_at(row, channel, tap),
          weight_at(row + 1u, channel, tap),
          weight_at(row + 2u, channel, tap),
          weight_at(row + 3u, channel, tap),
        );
      }
      workgroupBarrier();
      let depth = min(DEPTH, params.channels - first);
      for (var step = 0u; step < depth; step++) {
        var inputs: array<Vec, COLUMNS>;
        for (var j = 0u; j < COLUMNS; j++) {
          inputs[j] = select(Vec(0.0), x[source[j] + (first + step) * plane], inside[j]);
        }
        for (var quad = 0u; quad < ROW_QUADS; quad++) {
          let w = weights[step * staged_quads + first_quad + quad];
          for (var j = 0u; j < COLUMNS; j++) {
            sums[quad * 4u][j] = fma(Vec(w.x), inputs[j], sums[quad * 4u][j]);
            sums[quad * 4u + 1u][j] = fma(Vec(w.y), inputs[j], sums[quad * 4u + 1u][j]);
            sums[quad * 4u + 2u][j] = fma(Vec(w.z), inputs[j], sums[quad * 4u + 2u][j]);
            sums[quad * 4u + 3u][j] = fma(Vec(w.w), inputs[j], sums[quad * 4u + 3u][j]);
          }
        }
      }
    }
  }

  // A loop whose end is known only at run time: unrolled, the stores would be most of the program and of its compile time.
  for (var r = 0u; r < min(ROWS, params.rows - min(first_row, params.rows)); r++) {
    for (var j = 0u; j < COLUMNS; j++) {
      var result = Vec(0.0);
      for (var k = 0u; k < ROWS; k++) { result = select(result, sums[k][j], k == r); }
      let q = first_column + j * column_threads;
      if (q < out_plane) { y[(first_row + r) * out_plane + q] = result; }
    }
  }
}
