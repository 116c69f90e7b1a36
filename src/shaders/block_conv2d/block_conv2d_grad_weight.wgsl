// Shuffled-block convolution, gradient of the kept weights only:
// partial[chunk, slot, r] = sum over q of the chunk of grad_output[row r of the slot's group, q] * x[channel, source(q, tap)].
// As conv2d_grad_weight.wgsl, with a tile of slots of one group in the place of a tile of columns; the fewer slots a tile holds,
// the more threads share out positions.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const BLOCK: u32 = 16;
const ROWS: u32 = 16; // rows of a block that a workgroup owns; those of larger blocks are shared out along z
const COLUMNS: u32 = 4; // slots a thread
const TILE: u32 = 64; // most slots of a tile
const POSITIONS: u32 = 32; // output positions staged at once
const SHARERS: u32 = 1; // invocations of a subgroup that load outputs for each other: see sharers.ts
const LEAST_COLUMN_THREADS: u32 = 1; // those of a subgroup where they share

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

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(2) var<storage, read> group_rows: array<u32>;
@group(0) @binding(3) var<storage, read> block_columns: array<u32>; // [slot]
@group(0) @binding(4) var<storage, read> tiles: array<vec4<u32>>; // group, first slot, number of slots, unused
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

const ROW_QUADS: u32 = (ROWS + 3u) / 4u;
const NONE: u32 = 0xffffffffu;

const OUTPUTS: u32 = POSITIONS * LANES * ROW_QUADS;
const SUMS: u32 = WORKGROUP_SIZE * COLUMNS;
var<workgroup> outputs: array<vec4<f32>, max(OUTPUTS, SUMS)>; // [position][lane][row]; in the end, sums of four rows by thread
var<workgroup> sources: array<vec4<i32>, POSITIONS>; // y, x, offset in a plane of x
var<workgroup> columns: array<vec4<i32>, TILE>; // y and x of the tap, offset in x of channel and tap

fn output_at(group: u32, r: u32, position: u32, end: u32, out_plane: u32) -> vec4<f32> {
  let row = select(NONE, group_rows[group * BLOCK + min(r, BLOCK - 1u)], r < BLOCK);
  let valid = row != NONE && position < end;
  return select(vec4<f32>(0.0), vec4<f32>(Vec(grad_output[select(0u, row * out_plane + position, valid)])), valid);
}

fn subgroup_lane() -> u32 { return 0u; }
fn from_sharer(value: vec4<f32>, sharer: u32) -> vec4<f32> { return value; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = tiles[workgroup.x];
  let first_row = workgroup.z * ROWS;
  let sharer = subgroup_lane() % SHARERS;
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  var column_threads = TILE / COLUMNS;
  while (column_threads * COLUMNS / 2u >= tile.z && column_threads > LEAST_COLUMN_THREADS) { column_threads /= 2u; }
  let position_threads = WORKGROUP_SIZE / column_threads;
  let column_thread = lane % column_threads;
  let position_thread = lane / column_threads;
  let first_position = workgroup.y * params.chunk;
  let end_position = select(first_position, min(first_position + params.chunk, out_plane), tile.z > 0u);

  for (var e = lane; e < TILE; e += WORKGROUP_SIZE) {
    var slot_column = NONE;
    if (e < tile.z) { slot_column = block_columns[tile.y + e]; }
    let column = select(0u, slot_column, slot_column != NONE);
    let tap = vec2<u32>(column % taps / params.kernel_width, column % taps % params.kernel_width);
    let offset = column / taps * plane + (tap.x * params.width + tap.y) * params.batch;
    // A padded slot lies outside of the input at every position.
    columns[e] = vec4<i32>(i32(tap.x), select(0x40000000, i32(tap.y), slot_column != NONE), i32(offset), 0);
  }
  workgroupBarrier();
  var column: array<vec4<i32>, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) { column[c] = columns[c * column_threads + column_thread]; }

  var sums: array<array<vec4<f32>, COLUMNS>, ROW_QUADS>;
  for (var staged = first_position; staged < end_position; staged += POSITIONS) {
    workgroupBarrier();
    for (var e = lane; e < POSITIONS * ROW_QUADS; e += WORKGROUP_SIZE) {
      let position = staged + e % POSITIONS;
      let quad = e / POSITIONS;
      let row = first_row + quad * 4u;
      let a = output_at(tile.x, row, position, end_position, out_plane);
      let b = output_at(tile.x, row + 1u, position, end_position, out_plane);
      let c = output_at(tile.x, row + 2u, position, end_position, out_plane);
      let d = output_at(tile.x, row + 3u, position, end_position, out_plane);
      for (var l = 0u; l < LANES; l++) {
        outputs[(e % POSITIONS * LANES + l) * ROW_QUADS + quad] = vec4<f32>(a[l], b[l], c[l], d[l]);
      }
    }
    for (var e = lane; e < POSITIONS; e += WORKGROUP_SIZE) {
      let position = staged + e;
      let pixel = position / params.batch;
      let y = i32(pixel / params.out_width * params.stride) - i32(params.padding_y);
      let x = i32(pixel % params.out_width * params.stride) - i32(params.padding_x);
      let offset = (y * i32(params.width) + x) * i32(params.batch) + i32(position % params.batch);
      // A position past the end lies outside of the input under every tap.
      sources[e] = vec4<i32>(select(-0x40000000, y, position < end_position), x, offset, 0);
    }
    workgroupBarrier();
    for (var p = position_thread; p < POSITIONS; p += position_threads) {
      let source = sources[p];
      var inputs: array<vec4<f32>, COLUMNS>;
      for (var c = 0u; c < COLUMNS; c++) {
        let at = source + column[c];
        // Negative coordinates are large ones when read as unsigned.
        let inside = u32(at.x) < params.height && u32(at.y) < params.width;
        inputs[c] = select(vec4<f32>(0.0), vec4<f32>(Vec(x[select(0u, u32(at.z), inside)])), inside);
      }
      var own: array<vec4<f32>, LANES * ROW_QUADS / SHARERS>;
      for (var i = 0u; i < LANES * ROW_QUADS / SHARERS; i++) { own[i] = outputs[p * LANES * ROW_QUADS + i * SHARERS + sharer]; }
      for (var quad = 0u; quad < ROW_QUADS; quad++) {
        for (var l = 0u; l < LANES; l++) {
          let at = l * ROW_QUADS + quad;
          let output = from_sharer(own[at / SHARERS], at % SHARERS);
          for (var c = 0u; c < COLUMNS; c++) { sums[quad][c] = fma(output, vec4<f32>(inputs[c][l]), sums[quad][c]); }
        }
      }
    }
  }

  // Loops whose ends are known only at run time: unrolled, they would be most of the program and of its compile time.
  let used_threads = min(position_threads, end_position - first_position);
  let rows = select(0u, min(ROWS, BLOCK - first_row), tile.z > 0u);
  for (var quad = 0u; quad < (rows + 3u) / 4u; quad++) {
    workgroupBarrier();
    for (var c = 0u; c < COLUMNS; c++) {
      var own = sums[0][c];
      for (var k = 1u; k < ROW_QUADS; k++) { own = select(own, sums[k][c], k == quad); }
      outputs[(position_thread * COLUMNS + c) * column_threads + column_thread] = own;
    }
    workgroupBarrier();
    for (var e = lane; e < tile.z; e += WORKGROUP_SIZE) {
      var sum = vec4<f32>(0.0);
      for (var t = 0u; t < used_threads; t++) { sum += outputs[t * COLUMNS * column_threads + e]; }
      let first = (workgroup.y * params.slots + tile.y + e) * BLOCK + first_row + quad * 4u;
      for (var r = 0u; r < min(4u, rows - quad * 4u); r++) { partial[first + r] = sum[r]; }
    }
  }
}
