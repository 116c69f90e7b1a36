// Convolution, gradient of the weight: partial[chunk, row, column] = sum over q of the chunk of grad_output[row, q] * x[channel, source(q, tap)]
// with column = channel * taps + tap. The sum over all output positions q is split into chunks, which a second pass adds in order. A
// workgroup owns ROWS rows, a tile of columns and a chunk; its threads share out columns and positions, and a thread keeps ROWS x
// COLUMNS sums in registers, which are added over the threads of a column in workgroup memory.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ROWS: u32 = 16;
const COLUMNS: u32 = 4;
const TILE: u32 = 64; // columns of a workgroup
const POSITIONS: u32 = 32; // output positions staged at once
const SHARERS: u32 = 1; // invocations of a subgroup that load outputs for each other: see sharers.ts

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

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

const ROW_QUADS: u32 = ROWS / 4u;
const COLUMN_THREADS: u32 = TILE / COLUMNS;
const POSITION_THREADS: u32 = WORKGROUP_SIZE / COLUMN_THREADS;

const OUTPUTS: u32 = POSITIONS * LANES * ROW_QUADS;
const SUMS: u32 = POSITION_THREADS * TILE;
var<workgroup> outputs: array<vec4<f32>, max(OUTPUTS, SUMS)>; // [position][lane][row]; in the end, sums of four rows by thread
var<workgroup> sources: array<vec4<i32>, POSITIONS>; // y, x, offset in a plane of x
var<workgroup> columns: array<vec4<i32>, TILE>; // y and x of the tap, offset in x of channel and tap

fn output_at(row: u32, position: u32, end: u32, out_plane: u32) -> vec4<f32> {
  let valid = row < params.rows && position < end;
  return select(vec4<f32>(0.0), vec4<f32>(Vec(grad_output[select(0u, row * out_plane + position, valid)])), valid);
}

fn subgroup_lane() -> u32 { return 0u; }
fn from_sharer(value: vec4<f32>, sharer: u32) -> vec4<f32> { return value; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let sharer = subgroup_lane() % SHARERS;
  let plane = params.height * params.width * params.batch;
  let out_plane = params.out_height * params.out_width * params.batch;
  let taps = params.kernel_height * params.kernel_width;
  let first_row = group.y * ROWS;
  let first_column = group.x * TILE;
  let column_thread = lane % COLUMN_THREADS;
  let position_thread = lane / COLUMN_THREADS;
  let first_position = group.z * params.chunk;
  let end_position = min(first_position + params.chunk, out_plane);

  for (var e = lane; e < TILE; e += WORKGROUP_SIZE) {
    let column = min(first_column + e, params.columns - 1u);
    let tap = vec2<u32>(column % taps / params.kernel_width, column % taps % params.kernel_width);
    let offset = column / taps * plane + (tap.x * params.width + tap.y) * params.batch;
    columns[e] = vec4<i32>(vec4<u32>(tap, offset, 0u));
  }
  workgroupBarrier();
  var column: array<vec4<i32>, COLUMNS>;
  for (var c = 0u; c < COLUMNS; c++) { column[c] = columns[c * COLUMN_THREADS + column_thread]; }

  var sums: array<array<vec4<f32>, COLUMNS>, ROW_QUADS>;
  for (var staged = first_position; staged < end_position; staged += POSITIONS) {
    workgroupBarrier();
    for (var e = lane; e < POSITIONS * ROW_QUADS; e += WORKGROUP_SIZE) {
      let position = staged + e % POSITIONS;
      let quad = e / POSITIONS;
      let row = first_row + quad * 4u;
      let a = output_at(row, position, end_position, out_plane);
      let b = output_at(row + 1u, position, end_position, out_plane);
      let c = output_at(row + 2u, position, end_position, out_plane);
      let d = output_at(row + 3u, position, end_position, out_plane);
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
    for (var p = position_thread; p < POSITIONS; p += POSITION_THREADS) {
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
  let used_threads = min(POSITION_THREADS, end_position - first_position);
  let rows = min(ROWS, params.rows - first_row);
  for (var quad = 0u; quad < (rows + 3u) / 4u; quad++) {
    workgroupBarrier();
    for (var c = 0u; c < COLUMNS; c++) {
      var own = sums[0][c];
      for (var k = 1u; k < ROW_QUADS; k++) { own = select(own, sums[k][c], k == quad); }
      outputs[position_thread * TILE + c * COLUMN_THREADS + column_thread] = own;
    }
    workgroupBarrier();
    for (var e = lane; e < TILE; e += WORKGROUP_SIZE) {
      var sum = vec4<f32>(0.0);
      for (var t = 0u; t < used_threads; t++) { sum += outputs[t * TILE + e]; }
      for (var r = 0u; r < min(4u, rows - quad * 4u); r++) {
        let row = group.z * params.rows + first_row + quad * 4u + r;
        if (first_column + e < params.columns) { partial[row * params.columns + first_column + e] = sum[r]; }
      }
    }
  }
}
