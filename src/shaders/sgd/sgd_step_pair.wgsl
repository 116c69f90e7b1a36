// sgd_step.wgsl for two parameters, a and b, in one dispatch: y of the grid tells which. Two, since three take more than the 8 storage
// buffers that every WebGPU device has to offer.
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count_a: u32, // vec4s
  count_b: u32,
}

@group(0) @binding(0) var<storage, read_write> parameter_a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grad_a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> velocity_a: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> parameter_b: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> grad_b: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> velocity_b: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> hyper: array<f32>; // learning rate, momentum, weight decay, nesterov
@group(0) @binding(7) var<storage, read> guard: array<u32>;
@group(0) @binding(8) var<uniform> params: Params;

struct Value { parameter: vec4<f32>, velocity: vec4<f32> }

/// What a step makes of a value.
fn stepped(value: Value, grad: vec4<f32>) -> Value {
  let momentum = hyper[1];
  let g = grad + hyper[2] * value.parameter;
  let next = momentum * value.velocity + g;
  return Value(value.parameter - hyper[0] * select(next, g + momentum * next, hyper[3] != 0.0), next);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = group.x * WORKGROUP_SIZE + lane;
  if (guard[0] != 0u) { return; }
  if (group.y == 0u && i < params.count_a) {
    let next = stepped(Value(parameter_a[i], velocity_a[i]), grad_a[i]);
    parameter_a[i] = next.parameter;
    velocity_a[i] = next.velocity;
  }
  if (group.y == 1u && i < params.count_b) {
    let next = stepped(Value(parameter_b[i], velocity_b[i]), grad_b[i]);
    parameter_b[i] = next.parameter;
    velocity_b[i] = next.velocity;
  }
}
