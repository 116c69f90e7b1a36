// Shuffled-block convolution, gradient of the input, second half: every input position gathers, for the kept columns of its
// channel, the column gradients whose tap falls on it: grad_input[c, p] = sum over (slot, tap) of c of grad_columns[slot, target(p, tap)].
alias Vec = vec4<f32>;
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  height: u32,
  width: u32,
  batch: u32, // in Vecs
  batch_start: u32, // the range of this pass
  batch_count: u32,
  out_height: u32,
  out_width: u32,
  kernel_width: u32,
  stride: i32,
  padding_y: u32,
  padding_x: u32,
}

@group(0) @binding(0) var<storage, read> grad_columns: array<Vec>; // [slot][pixel][batch_count]
@group(0) @binding(1) var<storage, read> channel_start: array<u32>; // first entry of each channel, and the end
@group(0) @binding(2) var<storage, read> channel_columns: array<vec2<u32>>; // tap, slot
@group(0) @binding(3) var<storage, read_write> grad_input: array<Vec>;
@group(0) @binding(4) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let channel = workgroup.y;
  let position = workgroup.x * WORKGROUP_SIZE + lane;
  let positions = params.height * params.width * params.batch_count;
  let out_positions = params.out_height * params.out_width * params.batch_count;
  let pixel = position / params.batch_count;
  let n = position % params.batch_count;
  let pixel_y = i32(pixel / params.width + params.padding_y);
  let pixel_x = i32(pixel % params.width + params.padding_x);

  var sum = Vec(0.0);
  let end = channel_start[channel + 1u];
  for (var e = channel_start[channel]; e < end; e++) {
    let column = channel_columns[e];
    let ty = pixel_y - i32(column.x / params.kernel_width);
    let tx = pixel_x - i32(column.x % params.kernel_width);
    let whole = ty >= 0 && tx >= 0 && ty % params.stride == 0 && tx % params.stride == 0;
    let inside = whole && ty / params.stride < i32(params.out_height) && tx / params.stride < i32(params.out_width);
    let target_pixel = u32(ty / params.stride) * params.out_width + u32(tx / params.stride);
    let at = column.y * out_positions + target_pixel * params.batch_count + n;
    sum += select(Vec(0.0), grad_columns[select(0u, at, inside)], inside);
  }
  if (position < positions) {
    grad_input[(channel * params.height * params.width + pixel) * params.batch + params.batch_start + n] = sum;
  }
}
