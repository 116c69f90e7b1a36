// Shuffled-block convolution, forward, as block_conv2d_forward.wgsl, by the matrix units of a GPU, f16 in memory and summed in f32. A workgroup owns one
// row group and COLUMNS output positions. It walks the group's blocks: the values of a block are a matrix as they lie in memory, and
// the inputs of its BLOCK columns are gathered in workgroup memory, each under its own channel and tap, while the block before is
// multiplied. Rows of a block, its columns and the batch are whole numbers of matrices.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's branches depend on its number only

const UNIT_M: u32 = 16; // rows of a matrix of y
const UNIT_N: u32 = 16; // and columns
const UNIT_K: u32 = 16; // columns of the weight that one multiplication sums over
const SUBGROUP: u32 = 32; // invocations
const SUBGROUPS: u32 = 4; // of a workgroup, side by side along the columns of y
const COLUMN_TILES: u32 = 2; // matrices of a subgroup side by side
const BLOCK: u32 = 16;
alias Added = f32; // vec4<f16> with ADDEND
const BIAS: u32 = 0; // 1: y[row, q] also has added[row]
const ADDEND: u32 = 0; // 1: y also has added, element by element

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sums = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

struct Params {
  height: u32,
  width: u32,
  batch: u32, // in vec4s
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride: u32,
  padding_y: u32,
  padding_x: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f16>>;
@group(0) @binding(1) var<storage, read> values: array<f16>; // [slot][row of the group]
@group(0) @binding(2) var<storage, read> group_order: array<u32>; // groups with the most columns first
@group(0) @binding(3) var<storage, read> group_rows: array<u32>;
@group(0) @binding(4) var<storage, read> group_start: array<u32>; // first block of each group, and the end
@group(0) @binding(5) var<storage, read> block_columns: array<u32>; // [slot]
@group(0) @binding(6) var<storage, read> added: array<Added>; // [row] with BIAS, of the shape of y with ADDEND
@group(0) @binding(7) var<storage, read_write> y: array<vec4<f16>>;
@group(0) @binding(8) var<uniform> params: Params;

const ROW_TILES: u32 = BLOCK / UNIT_M;
const THREADS: u32 = SUBGROUP * SUBGROUPS;
const COLUMNS: u32 = SUBGROUPS * COLUMN_TILES * UNIT_N;
const QUADS: u32 = COLUMNS / 4u; // a divisor of THREADS: each invocation gathers for the same four positions all along
const UNIT_QUADS: u32 = UNIT_M * UNIT_N / 4u;
const NONE: u32 = 0xffffffffu;

var<workgroup> inputs: array<f16, 2u * BLOCK * COLUMNS>; // [of even and odd blocks][column of the weight][position]
var<workgroup> results: array<f32, SUBGROUPS * UNIT_M * UNIT_N>;

@compute @workgroup_size(SUBGROUP * SUBGROUPS)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let group = group_order[workgroup.y];
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;

  let q = workgroup.x * QUADS + lane % QUADS;
  let pixel = vec2<u32>(q / params.batch / params.out_width, q / params.batch % params.out_width);
  let origin = pixel * params.stride - vec2<u32>(params.padding_y, params.padding_x);
  let n = q % params.batch;

  var sums: array<array<Sums, COLUMN_TILES>, ROW_TILES>;
  let end = group_start[group + 1u];
  for (var block = group_start[group]; block < end; block++) {
    let half = block % 2u * BLOCK * COLUMNS;
    for (var s = lane / QUADS; s < BLOCK; s += THREADS / QUADS) {
      let column = block_columns[block * BLOCK + s];
      let tap = vec2<u32>(column % taps / params.kernel_width, column % taps % params.kernel_width);
      let at = origin + tap; // Negative coordinates are large ones.
      let inside = column != NONE && q < out_plane && at.x < params.height && at.y < params.width;
      let source = column / taps * plane + (at.x * params.width + at.y) * params.batch + n;
      let input = select(vec4<f16>(0.0h), x[select(0u, source, inside)], inside);
      let first = half + s * COLUMNS + lane % QUADS * 4u;
      for (var k = 0u; k < 4u; k++) { inputs[first + k] = input[k]; }
    }
    // One barrier a block: the half that is filled next was read before it.
    workgroupBarrier();
    for (var k = 0u; k < BLOCK; k += UNIT_K) {
      var left: array<Left, ROW_TILES>;
      for (var i = 0u; i < ROW_TILES; i++) {
        left[i] = subgroupMatrixLoad<Left, col_major>(&values, (block * BLOCK + k) * BLOCK + i * UNIT_M, BLOCK);
      }
      for (var j = 0u; j < COLUMN_TILES; j++) {
        let first = half + k * COLUMNS + (subgroup * COLUMN_TILES + j) * UNIT_N;
        let right = subgroupMatrixLoad<Right, row_major>(&inputs, first, COLUMNS);
        for (var i = 0u; i < ROW_TILES; i++) { sums[i][j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i][j]); }
      }
    }
  }

  // Through workgroup memory, since y is of another type than the sums and its rows are shuffled.
  for (var i = 0u; i < ROW_TILES; i++) {
    for (var j = 0u; j < COLUMN_TILES; j++) {
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&results, subgroup * UNIT_M * UNIT_N, sums[i][j], UNIT_N);
      workgroupBarrier();
      for (var e = lane; e < SUBGROUPS * UNIT_QUADS; e += THREADS) {
        let r = i * UNIT_M + e % UNIT_QUADS * 4u / UNIT_N;
        let row = group_rows[group * BLOCK + r];
        let first = (e / UNIT_QUADS * COLUMN_TILES + j) * UNIT_N + e * 4u % UNIT_N;
        let at = workgroup.x * QUADS + first / 4u;
        var result = vec4<f32>(results[e * 4u], results[e * 4u + 1u], results[e * 4u + 2u], results[e * 4u + 3u]);
        let isInside = row != NONE && at < out_plane;
        if (BIAS == 1u) { result += vec4<f32>(added[select(0u, row, isInside)]); }
        if (ADDEND == 1u) { result += vec4<f32>(added[select(0u, row * out_plane + at, isInside)]); }
        if (isInside) { y[row * out_plane + at] = vec4<f16>(result); }
      }
    }
  }
}
