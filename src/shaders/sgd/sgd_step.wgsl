// One step of stochastic gradient descent over `count` vec4s, in place, as PyTorch's SGD with dampening 0:
//   g = grad + weight_decay * parameter; velocity = momentum * velocity + g;
//   parameter -= learning_rate * (nesterov ? g + momentum * velocity : velocity).
// Writes nothing once guard[0] is set: see guard_loss.wgsl.
const WORKGROUP_SIZE: u32 = 64;

struct Params { count: u32 }

@group(0) @binding(0) var<storage, read_write> parameter: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grad: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> velocity: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> hyper: array<f32>; // learning rate, momentum, weight decay, nesterov
@group(0) @binding(4) var<storage, read> guard: array<u32>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count || guard[0] != 0u) { return; }
  let momentum = hyper[1];
  let g = grad[i] + hyper[2] * parameter[i];
  let next = momentum * velocity[i] + g;
  velocity[i] = next;
  parameter[i] -= hyper[0] * select(next, g + momentum * next, hyper[3] != 0.0);
}
