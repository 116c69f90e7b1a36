// y[c, oy, ox, n] = maximum over a window of x [C, height, width, N], the border left out, and taps[c, oy, ox, n] = where in the window
// (ky * kernel_size + kx) it was found: the first maximum, or the last NaN, as in PyTorch. An invocation does every
// batch_threads-th Vec of one window.
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

@group(0) @binding(0) var<storage, read> x: array<Stored>;
@group(0) @binding(1) var<storage, read_write> y: array<Stored>;
@group(0) @binding(2) var<storage, read_write> taps: array<Taps>;
@group(0) @binding(3) var<uniform> params: Params;

// NaN is told by its bits: drivers may take `value != value` to be false.
const INFINITY = Taps(0x7f800000u);

fn magnitude(value: Vec) -> Taps { return bitcast<Taps>(value) & Taps(0x7fffffffu); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let pixel = i / params.batch_threads;
  let out_row = pixel / params.out_width;
  let channel = out_row / params.out_height;
  let window_y = out_row % params.out_height * params.stride; // first row of the window, in the padded image
  let window_x = pixel % params.out_width * params.stride;

  let first_ky = max(window_y, params.padding) - window_y;
  let first_kx = max(window_x, params.padding) - window_x;
  let end_ky = min(params.kernel_size, params.height + params.padding - window_y);
  let end_kx = min(params.kernel_size, params.width + params.padding - window_x);

  for (var n = i % params.batch_threads; n < params.batch; n += params.batch_threads) {
    let first_row = (channel * params.height + window_y + first_ky - params.padding) * params.width;
    var best = Vec(x[(first_row + window_x + first_kx - params.padding) * params.batch + n]);
    var best_tap = Taps(first_ky * params.kernel_size + first_kx);
    for (var ky = first_ky; ky < end_ky; ky++) {
      let row = (channel * params.height + window_y + ky - params.padding) * params.width;
      for (var kx = first_kx; kx < end_kx; kx++) {
        let value = Vec(x[(row + window_x + kx - params.padding) * params.batch + n]);
        let wins = (magnitude(value) > INFINITY) | ((value > best) & (magnitude(best) <= INFINITY));
        best = select(best, value, wins);
        best_tap = select(best_tap, Taps(ky * params.kernel_size + kx), wins);
      }
    }
    y[pixel * params.batch + n] = Stored(best);
    taps[pixel * params.batch + n] = best_tap;
  }
}
