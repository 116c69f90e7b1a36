// y[c, oy, ox, n] = factor * sum of x [C, height, width, N] over a rectangle of each output position (oy, ox), cut off at the border.
// One shader for the forward pass and for gradInput; along each axis the rectangle holds the source positions s with
//   forward    o * stride - padding <= s < o * stride - padding + kernel               (up = stride, down = 1)
//   gradInput  the windows that hold o: o + padding - kernel < s * stride <= o + padding  (up = 1, down = stride)
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32, // Vecs of y
  batch: u32, // in Vecs
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  up: i32,
  down: i32,
  first: i32, // the rectangle of position o reaches from (o * up + first) / down, rounded up,
  last: i32, // to (o * up + last) / down, rounded down
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> y: array<Stored>;
@group(0) @binding(2) var<uniform> params: Params;

fn first_source(position: u32) -> u32 {
  return u32((max(i32(position) * params.up + params.first, 0) + params.down - 1) / params.down);
}

fn end_source(position: u32, extent: u32) -> u32 {
  return min(u32((i32(position) * params.up + params.last) / params.down) + 1u, extent);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let n = i % params.batch;
  let pixel = i / params.batch;
  let channel = pixel / params.out_width / params.out_height;
  let oy = pixel / params.out_width % params.out_height;
  let ox = pixel % params.out_width;
  let end_sy = end_source(oy, params.height);
  let end_sx = end_source(ox, params.width);

  var total = Vec(0.0);
  for (var sy = first_source(oy); sy < end_sy; sy++) {
    for (var sx = first_source(ox); sx < end_sx; sx++) {
      total += Vec(x[((channel * params.height + sy) * params.width + sx) * params.batch + n]);
    }
  }
  y[i] = Stored(total * params.factor);
}
