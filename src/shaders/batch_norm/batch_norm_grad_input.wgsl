// Gradient of x. Training, where the statistics depend on x (Ioffe and Szegedy 2015, section 3):
//   grad_input = weight * inverse_std * (grad_output - (grad_bias + normalised * grad_weight) / row elements),
// evaluation: grad_input = weight * inverse_std * grad_output. With RELU, grad_output counts where the output was above 0. With ADDEND,
// grad_input is the sum of that and addend: what other uses of x have passed to it.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const RELU: u32 = 0;
const ADDEND: u32 = 0;
const WORKGROUP_SIZE: u32 = 64;
const VECS: u32 = 4; // of one row, which a thread does with what it has read of the row

struct Params {
  count: u32, // threads
  row_length: u32, // in Vecs
  row_threads: u32, // at least row_length / VECS
  training: u32,
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(2) var<storage, read> transform: array<vec4<f32>>; // mean, inverse std, weight, bias of each row
@group(0) @binding(3) var<storage, read> grad_weight: array<f32>;
@group(0) @binding(4) var<storage, read> grad_bias: array<f32>;
@group(0) @binding(5) var<storage, read> addend: array<Stored>; // with ADDEND only
@group(0) @binding(6) var<storage, read_write> grad_input: array<Stored>;
@group(0) @binding(7) var<uniform> params: Params;

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
  let inverse_std = transform[row].y;
  let factor = inverse_std * transform[row].z;
  let offset = transform[row].w;
  let row_grads = vec2<f32>(grad_weight[row], grad_bias[row]);
  for (var k = 0u; k < VECS; k++) {
    let column = i % params.row_threads + k * params.row_threads;
    if (column < params.row_length) {
      let at = row * params.row_length + column;
      let centred = Vec(x[at]) - mean;
      var grad = Vec(grad_output[at]);
      if (RELU == 1u) { grad = select(Vec(0.0), grad, centred * factor + offset > Vec(0.0)); }
      if (params.training == 1u) {
        grad -= (centred * inverse_std * row_grads.x + row_grads.y) / f32(params.row_length * LANES);
      }
      grad *= factor;
      if (ADDEND == 1u) { grad += Vec(addend[at]); }
      grad_input[at] = Stored(grad);
    }
  }
}
