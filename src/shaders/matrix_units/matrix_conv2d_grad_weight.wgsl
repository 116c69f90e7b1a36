// Convolution, gradient of the weight, as conv2d_grad_weight.wgsl, by the matrix units of a GPU:
// partial[chunk, row, channel, tap] = sum over q of the chunk of grad_output[row, q] * x[channel, source(q, tap)], f16 in memory, summed in f32.
// With the batch last, UNIT_K neighbours of an output row lie under one pixel, and so do the inputs that meet them: both are loaded as
// matrices from where they are. A subgroup owns ROW_TILES x COLUMN_TILES matrices of rows and channels under one tap. Rows, channels
// and batch are whole numbers of matrices.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's branches depend on its number only

const UNIT_M: u32 = 16; // rows of a matrix of the gradient
const UNIT_N: u32 = 16; // and channels
const UNIT_K: u32 = 16; // positions that one multiplication sums over
const SUBGROUP: u32 = 32; // invocations
const SUBGROUPS: u32 = 4; // of a workgroup
const ROW_TILES: u32 = 2;
const COLUMN_TILES: u32 = 2;

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sums = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

struct Params {
  rows: u32,
  channels: u32,
  height: u32,
  width: u32,
  batch: u32, // in elements
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  padding_y: u32,
  padding_x: u32,
  chunk: u32, // output positions of a chunk, a multiple of UNIT_K
}

@group(0) @binding(0) var<storage, read> x: array<f16>;
@group(0) @binding(1) var<storage, read> grad_output: array<f16>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

const UNIT: u32 = UNIT_M * UNIT_N;

var<workgroup> results: array<f32, SUBGROUPS * UNIT>;

@compute @workgroup_size(SUBGROUP * SUBGROUPS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  let column_blocks = params.channels / (UNIT_N * COLUMN_TILES); // of one tap
  let block = group.x * SUBGROUPS + subgroup;
  let tap = vec2<u32>(block / column_blocks / params.kernel_width, block / column_blocks % params.kernel_width);
  let first_channel = block % column_blocks * COLUMN_TILES * UNIT_N;
  let first_row = group.y * ROW_TILES * UNIT_M;
  let start = group.z * params.chunk;
  let end = select(start, min(start + params.chunk, out_plane), block < column_blocks * taps);

  var sums: array<array<Sums, COLUMN_TILES>, ROW_TILES>;
  for (var q = start; q < end; q += UNIT_K) {
    let pixel = vec2<u32>(q / params.batch / params.out_width, q / params.batch % params.out_width);
    // Negative coordinates are large ones.
    let at = pixel * params.stride + tap - vec2<u32>(params.padding_y, params.padding_x);
    if (at.x < params.height && at.y < params.width) {
      let source = (at.x * params.width + at.y) * params.batch + q % params.batch;
      var left: array<Left, ROW_TILES>;
      for (var i = 0u; i < ROW_TILES; i++) {
        left[i] = subgroupMatrixLoad<Left, row_major>(&grad_output, (first_row + i * UNIT_M) * out_plane + q, out_plane);
      }
      for (var j = 0u; j < COLUMN_TILES; j++) {
        let right = subgroupMatrixLoad<Right, col_major>(&x, (first_channel + j * UNIT_N) * plane + source, plane);
        for (var i = 0u; i < ROW_TILES; i++) { sums[i][j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i][j]); }
      }
    }
  }

  // Through workgroup memory, since neighbouring channels are `taps` apart.
  for (var i = 0u; i < ROW_TILES; i++) {
    for (var j = 0u; j < COLUMN_TILES; j++) {
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&results, subgroup * UNIT, sums[i][j], UNIT_N);
      workgroupBarrier();
      for (var e = lane; e < SUBGROUPS * UNIT; e += SUBGROUP * SUBGROUPS) {
        let owner = group.x * SUBGROUPS + e / UNIT;
        let row = first_row + i * UNIT_M + e % UNIT / UNIT_N;
        let channel = (owner % column_blocks * COLUMN_TILES + j) * UNIT_N + e % UNIT_N;
        let at = ((group.z * params.rows + row) * params.channels + channel) * taps + owner / column_blocks;
        if (owner < column_blocks * taps) { partial[at] = results[e]; }
      }
    }
  }
}
