// One step of AdamW over `count` vec4s, in place, as PyTorch's (weight decay decoupled from the gradient, amsgrad off):
//   first_moment = beta1 * first_moment + (1 - beta1) * grad; second_moment = beta2 * second_moment + (1 - beta2) * grad^2;
//   parameter -= learning_rate * (weight_decay * parameter
//     + first_moment / correction[0] / (sqrt(second_moment / correction[1]) + epsilon)).
// Writes nothing once guard[0] is set: see guard_loss.wgsl.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read_write> parameter: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> first_moment: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> second_moment: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> correction: array<f32>; // see adamw_correction.wgsl
@group(0) @binding(5) var<storage, read> hyper: array<f32>; // learning rate, weight decay, epsilon, beta1, 1 - beta1, beta2, 1 - beta2
@group(0) @binding(6) var<storage, read> guard: array<u32>;
@group(0) @binding(7) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count || guard[0] != 0u) { return; }
  let g = grad[i];
  let first = hyper[3] * first_moment[i] + hyper[4] * g;
  let second = hyper[5] * second_moment[i] + hyper[6] * g * g;
  first_moment[i] = first;
  second_moment[i] = second;
  let change = first / correction[0] / (sqrt(second / correction[1]) + hyper[2]);
  parameter[i] -= hyper[0] * (hyper[1] * parameter[i] + change);
}
