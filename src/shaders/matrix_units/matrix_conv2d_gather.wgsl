// Convolution by gathering, as conv2d_gather.wgsl, by the matrix units of a GPU: y[m, q] = sum over (c, tap) weight(m, c, tap) * x[c, source(q, tap)],
// f16 in memory, summed in f32. With the batch last, UNIT_N neighbours of an output row lie under one pixel, and so do the inputs of
// UNIT_K channels that they need: both are loaded as matrices from where they are, and the border is one branch for a whole matrix.
// A subgroup owns ROW_TILES x COLUMN_TILES matrices of y. Channels, rows and batch are whole numbers of matrices.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity); // a subgroup's branches depend on its number only

const UNIT_M: u32 = 16; // rows of a matrix of y
const UNIT_N: u32 = 16; // and columns
const UNIT_K: u32 = 16; // channels that one multiplication sums over
const SUBGROUP: u32 = 32; // invocations
const SUBGROUPS: u32 = 4; // of a workgroup, side by side along the columns of y
const ROW_TILES: u32 = 2;
const COLUMN_TILES: u32 = 4;
const BIAS: u32 = 0; // 1: y[m, q] also has bias[m]
const ADDEND: u32 = 0; // 1: and addend[m, q]

alias Left = subgroup_matrix_left<f16, UNIT_K, UNIT_M>;
alias Right = subgroup_matrix_right<f16, UNIT_N, UNIT_K>;
alias Sums = subgroup_matrix_result<f32, UNIT_N, UNIT_M>;

struct Params {
  channels: u32,
  height: u32,
  width: u32,
  batch: u32, // in elements
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  up: i32, // as in conv2d_gather.wgsl
  down: i32,
  tap_sign: i32,
  offset_y: i32,
  offset_x: i32,
  row_stride: u32, // of weight, in elements
  channel_stride: u32,
  tap_stride: u32,
  line_stride: u32, // the larger one of row_stride and channel_stride; the other is 1
}

@group(0) @binding(0) var<storage, read> x: array<f16>;
@group(0) @binding(1) var<storage, read> weight: array<f16>; // [tap][out channel][in channel]
@group(0) @binding(2) var<storage, read> bias: array<f32>; // [M], with BIAS only
@group(0) @binding(3) var<storage, read> addend: array<vec4<f16>>; // [M, out_height, out_width, batch], with ADDEND only
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f16>>;
@group(0) @binding(5) var<uniform> params: Params;

const COLUMNS: u32 = SUBGROUPS * COLUMN_TILES; // matrices side by side in a workgroup
const UNIT_QUADS: u32 = UNIT_M * UNIT_N / 4u;
const OUTSIDE: u32 = 0x80000000u;

var<workgroup> origins: array<vec4<i32>, COLUMNS>; // of a matrix: source y and x under tap 0, first of the batch
var<workgroup> targets: array<u32, COLUMNS>; // of a matrix: position in a plane of y
var<workgroup> results: array<f32, SUBGROUPS * UNIT_M * UNIT_N>;

/// By columns where the weight is read transposed.
fn left_at(at: u32) -> Left { return subgroupMatrixLoad<Left, row_major>(&weight, at, params.line_stride); }

@compute @workgroup_size(SUBGROUP * SUBGROUPS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let first_row = group.y * ROW_TILES * UNIT_M;

  let down = u32(params.down);
  let phase = vec2<u32>(group.z / down, group.z % down);
  let phase_width = (params.out_width + down - 1u - phase.y) / down;
  let phase_positions = (params.out_height + down - 1u - phase.x) / down * phase_width * params.batch;
  let shifted = vec2<i32>(phase) + vec2<i32>(params.offset_y, params.offset_x);
  let first_tap = shifted % params.down;

  for (var e = lane; e < COLUMNS; e += SUBGROUP * SUBGROUPS) {
    let q = (group.x * COLUMNS + e) * UNIT_N;
    let pixel = vec2<u32>(q / params.batch / phase_width, q / params.batch % phase_width);
    let source = vec2<i32>(pixel) * params.up + (shifted - first_tap) / params.down;
    let out_pixel = pixel * down + phase;
    let n = q % params.batch;
    origins[e] = vec4<i32>(source, i32(n), 0);
    targets[e] = select(OUTSIDE, (out_pixel.x * params.out_width + out_pixel.y) * params.batch + n, q < phase_positions);
  }
  workgroupBarrier();

  var sums: array<array<Sums, COLUMN_TILES>, ROW_TILES>;
  for (var ty = first_tap.x; ty < i32(params.kernel_height); ty += params.down) {
    for (var tx = first_tap.y; tx < i32(params.kernel_width); tx += params.down) {
      var source: array<u32, COLUMN_TILES>;
      for (var j = 0u; j < COLUMN_TILES; j++) {
        let origin = origins[subgroup * COLUMN_TILES + j];
        // Negative coordinates are large ones when read as unsigned.
        let at = vec2<u32>(origin.xy + params.tap_sign * (vec2<i32>(ty, tx) - first_tap) / params.down);
        let inside = at.x < params.height && at.y < params.width && targets[subgroup * COLUMN_TILES + j] != OUTSIDE;
        source[j] = select(OUTSIDE, (at.x * params.width + at.y) * params.batch + u32(origin.z), inside);
      }
      let tap = u32(ty) * params.kernel_width + u32(tx);
      for (var c = 0u; c < params.channels; c += UNIT_K) {
        var left: array<Left, ROW_TILES>;
        for (var i = 0u; i < ROW_TILES; i++) {
          left[i] = left_at(tap * params.tap_stride + (first_row + i * UNIT_M) * params.row_stride + c * params.channel_stride);
        }
        for (var j = 0u; j < COLUMN_TILES; j++) {
          if (source[j] != OUTSIDE) {
            let right = subgroupMatrixLoad<Right, row_major>(&x, source[j] + c * plane, plane);
            for (var i = 0u; i < ROW_TILES; i++) { sums[i][j] = subgroupMatrixMultiplyAccumulate(left[i], right, sums[i][j]); }
          }
        }
      }
    }
  }

  // Through workgroup memory, since y is of another type than the sums.
  for (var i = 0u; i < ROW_TILES; i++) {
    for (var j = 0u; j < COLUMN_TILES; j++) {
      workgroupBarrier();
      subgroupMatrixStore<row_major>(&results, subgroup * UNIT_M * UNIT_N, sums[i][j], UNIT_N);
      workgroupBarrier();
      for (var e = lane; e < SUBGROUPS * UNIT_QUADS; e += SUBGROUP * SUBGROUPS) {
        let target_position = targets[e / UNIT_QUADS * COLUMN_TILES + j];
        let row = first_row + i * UNIT_M + e % UNIT_QUADS * 4u / UNIT_N;
        var result = vec4<f32>(results[e * 4u], results[e * 4u + 1u], results[e * 4u + 2u], results[e * 4u + 3u]);
        if (BIAS == 1u) { result += bias[row]; }
        if (target_position != OUTSIDE) {
          let at = (row * out_plane + target_position + e * 4u % UNIT_N) / 4u;
          if (ADDEND == 1u) { result += vec4<f32>(addend[at]); }
          y[at] = vec4<f16>(result);
        }
      }
    }
  }
}
