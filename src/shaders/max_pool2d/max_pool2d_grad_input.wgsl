// grad_input[c, iy, ix, n] = sum of grad_output over the windows whose maximum was found at this element of x [C, height, width, N].
// Gathered, so that windows may overlap and need no atomics. An invocation does every batch_threads-th
// Vec of one element, which share their windows and the divisions that find them.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
alias Taps = vec4<u32>;
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32, // invocations
  batch: u32, // in Vecs
  batch_threads: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  kernel_size: u32,
  stride: u32,
  padding: u32,
}

@group(0) @binding(0) var<storage, read> grad_output: array<Stored>;
@group(0) @binding(1) var<storage, read> taps: array<Taps>;
@group(0) @binding(2) var<storage, read_write> grad_input: array<Stored>;
@group(0) @binding(3) var<uniform> params: Params;

/// The first window along one axis that holds `position`, counted in the padded image.
fn first_window(position: u32) -> u32 {
  let start = max(position + 1u, params.kernel_size) - params.kernel_size;
  return (start + params.stride - 1u) / params.stride;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let pixel = i / params.batch_threads;
  let row = pixel / params.width;
  let channel = row / params.height;
  let padded_y = row % params.height + params.padding;
  let padded_x = pixel % params.width + params.padding;
  let first_oy = first_window(padded_y);
  let first_ox = first_window(padded_x);
  let end_oy = min(params.out_height, padded_y / params.stride + 1u);
  let end_ox = min(params.out_width, padded_x / params.stride + 1u);

  for (var n = i % params.batch_threads; n < params.batch; n += params.batch_threads) {
    var total = Vec(0.0);
    for (var oy = first_oy; oy < end_oy; oy++) {
      for (var ox = first_ox; ox < end_ox; ox++) {
        let output = ((channel * params.out_height + oy) * params.out_width + ox) * params.batch + n;
        let tap = (padded_y - oy * params.stride) * params.kernel_size + padded_x - ox * params.stride;
        total += select(Vec(0.0), Vec(grad_output[output]), taps[output] == Taps(tap));
      }
    }
    grad_input[pixel * params.batch + n] = Stored(total);
  }
}
