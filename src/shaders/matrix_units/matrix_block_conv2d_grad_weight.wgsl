// Shuffled-block convolution, gradient of the kept weights, as block_conv2d_grad_weight.wgsl, by the matrix units of a GPU:
// partial[chunk, slot, r] = sum over q of the chunk of grad_output[row r of the slot's group, q] * x[channel, source(q, tap)], f16 in memory and
// summed in f32. A workgroup owns a tile of slots of one group and a chunk; it gathers the group's rows and the inputs of the slots, POSITIONS at
// a time, in workgroup memory. Rows and columns of a block and the batch are whole numbers of matrices.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's branches depend on its number only

const UNIT_M: u32 = 16; // rows of a matrix of the gradient
const UNIT_N: u32 = 16; // and slots
const UNIT_K: u32 = 16; // positions that one multiplication sums over
const SUBGROUP: u32 = 32; // invocations
const SUBGROUPS: u32 = 4; // of a workgroup, side by side along the slots
const BLOCK: u32 = 16;
const TILE: u32 = 64; // most slots of a tile
const POSITIONS: u32 = 32; // staged at once

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
  chunk: u32, // output positions of a chunk, in vec4s
  slots: u32, // of the layer
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f16>>;
@group(0) @binding(1) var<storage, read> grad_output: array<vec4<f16>>;
@group(0) @binding(2) var<storage, read> group_rows: array<u32>;
@group(0) @binding(3) var<storage, read> block_columns: array<u32>; // [slot]
@group(0) @binding(4) var<storage, read> tiles: array<vec4<u32>>; // group, first slot, number of slots, unused
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

const ROW_TILES: u32 = BLOCK / UNIT_M;
const COLUMN_TILES: u32 = TILE / (SUBGROUPS * UNIT_N);
const THREADS: u32 = SUBGROUP * SUBGROUPS;
const QUADS: u32 = POSITIONS / 4u; // a divisor of THREADS: each invocation gathers for the same slots all along
const OWN_SLOTS: u32 = TILE * QUADS / THREADS;
const NONE: u32 = 0xffffffffu;

var<workgroup> outputs: array<f16, BLOCK * POSITIONS>; // [row of the group][position]
var<workgroup> inputs: array<f16, TILE * POSITIONS>; // [slot][position]

@compute @workgroup_size(SUBGROUP * SUBGROUPS)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let tile = tiles[workgroup.x];
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  let start = workgroup.y * params.chunk;
  let end = select(start, min(start + params.chunk, out_plane), tile.z > 0u);

  var own: array<vec4<u32>, OWN_SLOTS>; // y and x of the tap, offset of the channel
  for (var s = 0u; s < OWN_SLOTS; s++) {
    let slot = s * (THREADS / QUADS) + lane / QUADS;
    var column = NONE;
    if (slot < tile.z) { column = block_columns[tile.y + slot]; }
    // A padded slot lies outside of the input at every position.
    let tap_x = select(0x40000000u, column % taps % params.kernel_width, column != NONE);
    own[s] = vec4<u32>(column % taps / params.kernel_width, tap_x, column / taps * plane, 0u);
  }

  var sums: array<array<Sums, COLUMN_TILES>, ROW_TILES>;
  for (var staged = start; staged < end; staged += QUADS) {
    let q = staged + lane % QUADS;
    let pixel = vec2<u32>(q / params.batch / params.out_width, q / params.batch % params.out_width);
    let origin = pixel * params.stride - vec2<u32>(params.padding_y, params.padding_x);
    workgroupBarrier();
    for (var r = lane / QUADS; r < BLOCK; r += THREADS / QUADS) {
      let row = group_rows[tile.x * BLOCK + r];
      let valid = row != NONE && q < end;
      let output = select(vec4<f16>(0.0h), grad_output[select(0u, row * out_plane + q, valid)], valid);
      for (var k = 0u; k < 4u; k++) { outputs[r * POSITIONS + lane % QUADS * 4u + k] = output[k]; }
    }
    for (var s = 0u; s < OWN_SLOTS; s++) {
      let at = origin + own[s].xy; // Negative coordinates are large ones.
      let inside = q < end && at.x < params.height && at.y < params.width;
      let source = own[s].z + (at.x * params.width + at.y) * params.batch + q % params.batch;
      let input = select(vec4<f16>(0.0h), x[select(0u, source, inside)], inside);
      let first = (s * (THREADS / QUADS) + lane / QUADS) * POSITIONS + lane % QUADS * 4u;
      for (var k = 0u; k < 4u; k++) { inputs[first + k] = input[k]; }
    }
    workgroupBarrier();
    for (var k = 0u; k < POSITIONS; k += UNIT_K) {
      var left: array<Left, ROW_TILES>;
      for (var i = 0u; i < ROW_TILES; i++) {
        left[i] = subgroupMatrixLoad<Left, row_major>(&outputs, i * UNIT_M * POSITIONS + k, POSITIONS);
      }
      for (var j = 0u; j < COLUMN_TILES; j++) {
        let first = (subgroup * COLUMN_TILES + j) * UNIT_N;
        let right = subgroupMatrixLoad<Right, col_major>(&inputs, first * POSITIONS + k, POSITIONS);
        for (var i = 0u; i < ROW_TILES; i++) { sums[i][j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i][j]); }
      }
    }
  }

  for (var j = 0u; j < COLUMN_TILES; j++) {
    let first = (subgroup * COLUMN_TILES + j) * UNIT_N;
    if (first < tile.z) {
      for (var i = 0u; i < ROW_TILES; i++) {
        let at = (workgroup.y * params.slots + tile.y + first) * BLOCK + i * UNIT_M;
        subgroupMatrixStore<col_major>(&partial, at, sums[i][j], BLOCK);
      }
    }
  }
}
