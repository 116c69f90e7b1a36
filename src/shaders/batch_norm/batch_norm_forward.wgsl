// y[row, i] = (x[row, i] - mean) * inverse_std * weight + bias, by the transform of the row, with ADDEND plus addend[row, i], with RELU no less
// than 0; x [rows, row_length], row_length in Vecs. NaN stays NaN.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const RELU: u32 = 0;
const ADDEND: u32 = 0;
const WORKGROUP_SIZE: u32 = 64;
const VECS: u32 = 4; // of one row, which a thread does with what it has read of the row

struct Params {
  count: u32, // threads
  row_length: u32,
  row_threads: u32, // at least row_length / VECS
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> transform: array<vec4<f32>>; // mean, inverse std, weight, bias of each row
@group(0) @binding(2) var<storage, read> addend: array<Stored>; // with ADDEND only
@group(0) @binding(3) var<storage, read_write> y: array<Stored>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let row = i / params.row_threads;
  let mean = transform[row].x;
  let factor = transform[row].y * transform[row].z;
  let offset = transform[row].w;
  for (var k = 0u; k < VECS; k++) {
    let column = i % params.row_threads + k * params.row_threads;
    if (column < params.row_length) {
      let at = row * params.row_length + column;
      var value = (Vec(x[at]) - mean) * factor + offset;
      if (ADDEND == 1u) { value += Vec(addend[at]); }
      if (RELU == 1u) { value = select(value, Vec(0.0), value < Vec(0.0)); }
      y[at] = Stored(value);
    }
  }
}
