// moved[i] = state[sources[i]], and 0 where sources[i] names no slot.
const WORKGROUP_SIZE: u32 = 64;
const PADDING: u32 = 0xffffffffu;

struct Params { size: u32 }

@group(0) @binding(0) var<storage, read> state: array<f32>;
@group(0) @binding(1) var<storage, read> sources: array<u32>;
@group(0) @binding(2) var<storage, read_write> moved: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.size) { return; }
  let source = sources[i];
  moved[i] = select(0.0, state[min(source, params.size - 1u)], source != PADDING);
}
