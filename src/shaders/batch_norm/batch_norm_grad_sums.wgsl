// Sums over one part of a row: partial_bias[part, row] = sum of grad_output, partial_weight[part, row] = sum of grad_output * normalised,
// with normalised = (x - mean) * inverse_std. With RELU, grad_output counts where the output was above 0. A part is the work of `row_threads` threads; a workgroup holds several where rows are short.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const RELU: u32 = 0;
const WORKGROUP_SIZE: u32 = 128;

struct Params {
  rows: u32,
  row_length: u32, // in Vecs
  part_length: u32, // in Vecs
  parts: u32,
  row_threads: u32, // a power of two, at most WORKGROUP_SIZE
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(2) var<storage, read> transform: array<vec4<f32>>; // mean, inverse std, weight, bias of each row
@group(0) @binding(3) var<storage, read_write> partial_weight: array<f32>; // [part][row]
@group(0) @binding(4) var<storage, read_write> partial_bias: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

const LANE_MASK = select(vec4<f32>(1.0, 0.0, 0.0, 0.0), vec4<f32>(1.0), LANES == 4u);

var<workgroup> sums: array<vec2<f32>, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let units = params.rows * params.parts;
  let unit = (group.x + group.y * groups.x) * (WORKGROUP_SIZE / params.row_threads) + lane / params.row_threads;
  let thread = lane % params.row_threads;
  let row = unit % params.rows;
  let part = min(unit / params.rows, params.parts - 1u);
  let start = row * params.row_length + part * params.part_length;
  let end = min(start + params.part_length, (row + 1u) * params.row_length);

  let mean = transform[row].x;
  let factor = transform[row].y * transform[row].z;
  let offset = transform[row].w;
  var plain = Vec(0.0);
  var weighted = Vec(0.0);
  for (var i = start + thread; i < end; i += params.row_threads) {
    let centred = Vec(x[i]) - mean;
    var grad = Vec(grad_output[i]);
    if (RELU == 1u) { grad = select(Vec(0.0), grad, centred * factor + offset > Vec(0.0)); }
    plain += grad;
    weighted = fma(grad, centred, weighted);
  }
  sums[lane] = vec2<f32>(dot(vec4<f32>(plain), LANE_MASK), dot(vec4<f32>(weighted), LANE_MASK));
  for (var half = params.row_threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[lane] += sums[lane + half]; }
  }
  if (thread == 0u && unit < units) {
    partial_bias[part * params.rows + row] = sums[lane].x;
    partial_weight[part * params.rows + row] = sums[lane].y * transform[row].y;
  }
}
