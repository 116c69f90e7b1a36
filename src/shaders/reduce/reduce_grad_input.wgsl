// Gradient of a reduction over the middle dimension of x [outer, length, inner]. Sum and mean: factor * grad_output[outer, inner]
// everywhere. Maximum: grad_output at the first element that equals it, 0 elsewhere.
alias StoredX = f32; // f16 in half precision
alias StoredY = f32;
const WORKGROUP_SIZE: u32 = 64;
const MAXIMUM: u32 = 0;

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read> y: array<StoredY>;
@group(0) @binding(2) var<storage, read> grad_output: array<StoredY>;
@group(0) @binding(3) var<storage, read_write> grad_input: array<StoredX>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.outer * params.inner) { return; }
  let first = i / params.inner * params.length * params.inner + i % params.inner;
  var open = true; // No maximum met so far.
  for (var step = 0u; step < params.length; step++) {
    let at = first + step * params.inner;
    var share = params.factor * f32(grad_output[i]);
    if (MAXIMUM == 1u) {
      let hit = open && f32(x[at]) == f32(y[i]);
      share = select(0.0, share, hit);
      open = open && !hit;
    }
    grad_input[at] = StoredX(share);
  }
}
