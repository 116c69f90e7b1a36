// Evaluation: transform[row] = (running mean, 1 / sqrt(running variance + epsilon), weight, bias).
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> running_mean: array<f32>;
@group(0) @binding(1) var<storage, read> running_variance: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> transform: array<vec4<f32>>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (row >= params.rows) { return; }
  let inverse_std = 1.0 / sqrt(running_variance[row] + params.epsilon);
  transform[row] = vec4<f32>(running_mean[row], inverse_std, weight[row], bias[row]);
}
