// Shuffled-block convolution, gradient of the input, first half, as block_conv2d_grad_columns.wgsl, by the matrix units of a GPU:
// grad_columns[slot, q] = sum over the rows of the slot's group of value * grad_output[row, q], f16 in memory and summed in f32. A workgroup owns one
// row group and COLUMNS output positions, whose gradients stay in workgroup memory for all columns of the group. Rows and columns of a
// block and the batch are whole numbers of matrices.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's branches depend on its number only

const UNIT_M: u32 = 16; // columns of the weight in a matrix of grad_columns
const UNIT_N: u32 = 16; // and positions
const UNIT_K: u32 = 16; // rows of the group that one multiplication sums over
const SUBGROUP: u32 = 32; // invocations
const SUBGROUPS: u32 = 4; // of a workgroup, side by side along the positions
const COLUMN_TILES: u32 = 2; // matrices of a subgroup side by side
const BLOCK: u32 = 16;

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sums = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

struct Params {
  out_pixels: u32,
  batch: u32, // in vec4s
  batch_start: u32, // the range of this pass
  batch_count: u32,
}

@group(0) @binding(0) var<storage, read> grad_output: array<vec4<f16>>;
@group(0) @binding(1) var<storage, read> values: array<f16>; // [slot][row of the group]
@group(0) @binding(2) var<storage, read> group_order: array<u32>;
@group(0) @binding(3) var<storage, read> group_rows: array<u32>;
@group(0) @binding(4) var<storage, read> group_start: array<u32>; // first block of each group, and the end
@group(0) @binding(5) var<storage, read_write> grad_columns: array<vec4<f16>>; // [slot][pixel][batch_count]
@group(0) @binding(6) var<uniform> params: Params;

const THREADS: u32 = SUBGROUP * SUBGROUPS;
const COLUMNS: u32 = SUBGROUPS * COLUMN_TILES * UNIT_N;
const QUADS: u32 = COLUMNS / 4u;
const NONE: u32 = 0xffffffffu;

var<workgroup> outputs: array<f16, BLOCK * COLUMNS>; // [row of the group][position]
var<workgroup> results: array<f32, UNIT_M * COLUMNS>; // [column of the weight][position]

@compute @workgroup_size(SUBGROUP * SUBGROUPS)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let group = group_order[workgroup.y];
  let out_plane = params.out_pixels * params.batch;
  let positions = params.out_pixels * params.batch_count;

  for (var e = lane; e < BLOCK * QUADS; e += THREADS) {
    let position = workgroup.x * QUADS + e % QUADS;
    let q = position / params.batch_count * params.batch + params.batch_start + position % params.batch_count;
    let row = group_rows[group * BLOCK + e / QUADS];
    let valid = row != NONE && position < positions;
    let output = select(vec4<f16>(0.0h), grad_output[select(0u, row * out_plane + q, valid)], valid);
    for (var k = 0u; k < 4u; k++) { outputs[e * 4u + k] = output[k]; }
  }
  workgroupBarrier();

  let end = group_start[group + 1u] * BLOCK;
  for (var slot = group_start[group] * BLOCK; slot < end; slot += UNIT_M) {
    var sums: array<Sums, COLUMN_TILES>;
    for (var j = 0u; j < COLUMN_TILES; j++) { sums[j] = Sums(); }
    for (var k = 0u; k < BLOCK; k += UNIT_K) {
      let left = subgroupMatrixLoad<Left, row_major>(&values, slot * BLOCK + k, BLOCK);
      for (var j = 0u; j < COLUMN_TILES; j++) {
        let first = k * COLUMNS + (subgroup * COLUMN_TILES + j) * UNIT_N;
        let right = subgroupMatrixLoad<Right, row_major>(&outputs, first, COLUMNS);
        sums[j] = subgroupMatrixMultiplyAccumulate(left, right, sums[j]);
      }
    }
    for (var j = 0u; j < COLUMN_TILES; j++) {
      subgroupMatrixStore<row_major>(&results, (subgroup * COLUMN_TILES + j) * UNIT_N, sums[j], COLUMNS);
    }
    workgroupBarrier();
    for (var e = lane; e < UNIT_M * QUADS; e += THREADS) {
      let position = workgroup.x * QUADS + e % QUADS;
      let result = vec4<f32>(results[e * 4u], results[e * 4u + 1u], results[e * 4u + 2u], results[e * 4u + 3u]);
      if (position < positions) { grad_columns[(slot + e / QUADS) * positions + position] = vec4<f16>(result); }
    }
    workgroupBarrier();
  }
}
