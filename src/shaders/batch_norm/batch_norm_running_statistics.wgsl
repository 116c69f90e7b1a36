// Evaluation: statistics[row] = (running mean, 1 / sqrt(running variance + epsilon)).
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> running_mean: array<f32>;
@group(0) @binding(1) var<storage, read> running_variance: array<f32>;
@group(0) @binding(2) var<storage, read_write> statistics: array<vec2<f32>>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (row >= params.rows) { return; }
  statistics[row] = vec2<f32>(running_mean[row], 1.0 / sqrt(running_variance[row] + params.epsilon));
}
