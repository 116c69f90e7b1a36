// Shuffled-block convolution, gradient of the input, second half: every input position gathers, for the kept columns of its
// channel, the column gradients whose tap falls on it: grad_input[c, p] = sum over (slot, tap) of c of grad_columns[slot, target(p, tap)],
// with ADDEND plus addend[c, p]: what other uses of the input have passed to it.
alias Vec = vec4<f32>;
alias Stored = vec4<f32>; // of a Vec in memory: vec4<f16> in half precision
const LANES: u32 = 4;
const WORKGROUP_SIZE: u32 = 64;
const ADDEND: u32 = 0;
const COLUMNS: u32 = 4; // Vecs of input positions a thread
const STRIP: u32 = 64; // threads in a row whose Vecs lie in a row: those of a thread are so many apart
const KERNEL_WIDTH: u32 = 3; // constants, since dividing by them is cheap
const STRIDE: u32 = 1;
const PHASES: u32 = 1; // along an axis: 2 where STRIDE is, and pixels with equal remainders are done together, since they share their taps

struct Params {
  channels: u32,
  group_channels: u32, // channels that a workgroup does one after the other
  height: u32,
  width: u32,
  batch: u32, // in Vecs
  batch_start: u32, // the range of this pass
  batch_count: u32,
  out_height: u32,
  out_width: u32,
  padding_y: u32,
  padding_x: u32,
}

@group(0) @binding(0) var<storage, read> grad_columns: array<Stored>; // [slot][pixel][batch_count]
@group(0) @binding(1) var<storage, read> channel_start: array<u32>; // [channel][phase of the tap], and the end
@group(0) @binding(2) var<storage, read> channel_columns: array<vec2<u32>>; // tap, slot
@group(0) @binding(3) var<storage, read> addend: array<Stored>; // with ADDEND only
@group(0) @binding(4) var<storage, read_write> grad_input: array<Stored>;
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let phase = vec2<u32>(workgroup.z / PHASES, workgroup.z % PHASES);
  let first_pixel = (phase + PHASES - vec2<u32>(params.padding_y, params.padding_x) % PHASES) % PHASES;
  let phase_size = (vec2<u32>(params.height, params.width) - first_pixel + PHASES - 1u) / PHASES;
  let positions = phase_size.x * phase_size.y * params.batch_count;
  let out_positions = params.out_height * params.out_width * params.batch_count;
  let first_position = workgroup.x * COLUMNS * WORKGROUP_SIZE + lane / STRIP * STRIP * COLUMNS + lane % STRIP;

  // (pixel + padding - tap) / stride is whole if the remainders agree, and is then the difference of the quotients.
  var quotient: array<vec2<u32>, COLUMNS>;
  var remainder: array<vec2<u32>, COLUMNS>;
  var base: array<u32, COLUMNS>; // of the pixel itself, as if under tap 0, in a slot's column gradients
  var target_position: array<u32, COLUMNS>;
  for (var j = 0u; j < COLUMNS; j++) {
    let position = first_position + j * STRIP;
    let place = position / params.batch_count;
    let pixel = first_pixel + vec2<u32>(place / phase_size.y, place % phase_size.y) * PHASES;
    let padded = pixel + vec2<u32>(params.padding_y, params.padding_x);
    quotient[j] = padded / STRIDE;
    remainder[j] = padded % STRIDE;
    let n = position % params.batch_count;
    base[j] = (quotient[j].x * params.out_width + quotient[j].y) * params.batch_count + n;
    target_position[j] = (pixel.x * params.width + pixel.y) * params.batch + params.batch_start + n;
  }

  let plane = params.height * params.width * params.batch;
  let first_channel = workgroup.y * params.group_channels;
  for (var channel = first_channel; channel < min(first_channel + params.group_channels, params.channels); channel++) {
    var sums: array<Vec, COLUMNS>;
    for (var j = 0u; j < COLUMNS; j++) { sums[j] = Vec(0.0); }
    let list = channel * 4u + workgroup.z;
    let end = channel_start[select(list + 4u, list + 1u, PHASES == 2u)];
    for (var e = channel_start[list]; e < end; e++) {
      let column = channel_columns[e];
      let tap = vec2<u32>(column.x / KERNEL_WIDTH, column.x % KERNEL_WIDTH);
      let tap_quotient = tap / STRIDE;
      let tap_remainder = tap % STRIDE;
      // Wraps around where the slot is the first, and back again with `base`.
      let offset = column.y * out_positions - (tap_quotient.x * params.out_width + tap_quotient.y) * params.batch_count;
      for (var j = 0u; j < COLUMNS; j++) {
        let at_pixel = quotient[j] - tap_quotient; // Wraps around below zero, and is then too large.
        let inside = all(remainder[j] == tap_remainder) && at_pixel.x < params.out_height && at_pixel.y < params.out_width;
        let at = base[j] + offset;
        sums[j] += select(Vec(0.0), Vec(grad_columns[select(0u, at, inside)]), inside);
      }
    }
    for (var j = 0u; j < COLUMNS; j++) {
      let position = first_position + j * STRIP;
      if (position < positions) {
        let at = channel * plane + target_position[j];
        if (ADDEND == 1u) { sums[j] += Vec(addend[at]); }
        grad_input[at] = Stored(sums[j]);
      }
    }
  }
}
