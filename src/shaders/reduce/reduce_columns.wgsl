// y[outer, inner] = fold over the middle dimension of x [outer, length, inner], one invocation a result, in order.
alias StoredX = f32; // f16 in half precision
alias StoredY = f32;
const WORKGROUP_SIZE: u32 = 64;
const MAXIMUM: u32 = 0; // 1 folds by maximum (NaN wins), 0 by sum

struct Params {
  outer: u32,
  length: u32,
  inner: u32,
  factor: f32, // applied to the result
}

@group(0) @binding(0) var<storage, read> x: array<StoredX>;
@group(0) @binding(1) var<storage, read_write> y: array<StoredY>;
@group(0) @binding(2) var<uniform> params: Params;

// By its bits: a compiler may take it for granted that no value is NaN.
fn is_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }

fn fold(a: f32, b: f32) -> f32 {
  if (MAXIMUM == 0u) { return a + b; }
  return select(a, b, !is_nan(a) && (b > a || is_nan(b)));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.outer * params.inner) { return; }
  let first = i / params.inner * params.length * params.inner + i % params.inner;
  var value = f32(x[first]);
  for (var step = 1u; step < params.length; step++) { value = fold(value, f32(x[first + step * params.inner])); }
  y[i] = StoredY(value * params.factor);
}
