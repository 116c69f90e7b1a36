// y [C,H,W,batch] = a batch of images u8 [count,C,H,W] or [count,H,W,C], turned about the centre (nearest neighbour), cropped, mirrored and
// normalised: (byte / 255 - mean[c]) / std[c]. A sample is (image index, top | left << 8 | mirrored << 16 | sine << 17): offsets into the
// image with `padding` black pixels on each side, the sine of the angle as a signed number of 2^-14. All in integers, hence exact.
// An invocation a row of a sample. `images` may be one part of several: then only the samples that belong to it are written;
// the last part also writes those that belong to none, as NaN (bits, since WGSL has no NaN constant).
const WORKGROUP_SIZE: u32 = 64;
const NAN_BITS: u32 = 0x7fc00000u;
const ONE: i32 = 16384; // 2^14, for sines and cosines

struct Params {
  first: u32, // index of the first image of this part
  count: u32, // images of this part
  is_last: u32,
  channels: u32,
  height: u32,
  width: u32,
  image_stride: u32, // bytes from an image to the next; likewise for channels, rows and pixels of a row
  channel_stride: u32,
  row_stride: u32,
  column_stride: u32,
  batch: u32,
  padding: u32,
  mean_0: f32,
  mean_1: f32,
  mean_2: f32,
  mean_3: f32,
  std_0: f32,
  std_1: f32,
  std_2: f32,
  std_3: f32,
}

@group(0) @binding(0) var<storage, read> images: array<u32>; // four bytes a word, the first one low
@group(0) @binding(1) var<storage, read> samples: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>; // bits of f32
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  let n = i % params.batch;
  let row = i / params.batch; // of [C,H]
  if (row >= params.channels * params.height) { return; }

  // 1. The image, and what becomes of it.
  let sample = samples[n];
  let image = sample.x - params.first; // Wraps around for earlier parts.
  let is_here = image < params.count;
  let is_nowhere = params.is_last != 0u && sample.x >= params.first && !is_here;
  if (!is_here && !is_nowhere) { return; }
  let top = i32(sample.y & 0xffu) - i32(params.padding);
  let left = i32((sample.y >> 8u) & 0xffu) - i32(params.padding);
  let is_mirrored = (sample.y & 0x10000u) != 0u;

  // 2. Where the row begins in the turned image, and what a step to the right means there: twice the distance from the centre, in 2^-14.
  let sine = i32(sample.y) >> 17u;
  let cosine = cosine_of(sine);
  let height = i32(params.height);
  let width = i32(params.width);
  let y2 = 2 * (i32(row % params.height) + top) - (height - 1);
  let x2 = 2 * (select(0, width - 1, is_mirrored) + left) - (width - 1);
  let step = select(2, -2, is_mirrored);
  // Half of that, plus half the extent, is the pixel: what is shifted off is the rounding to the nearest one.
  var source_y = cosine * y2 - sine * x2 + height * ONE;
  var source_x = sine * y2 + cosine * x2 + width * ONE;

  let channel = row / params.height;
  let start = image * params.image_stride + channel * params.channel_stride;
  let mean = vec4<f32>(params.mean_0, params.mean_1, params.mean_2, params.mean_3)[channel];
  let deviation = vec4<f32>(params.std_0, params.std_1, params.std_2, params.std_3)[channel];

  // 3. Pixel by pixel; black outside.
  for (var column = 0u; column < params.width; column++) {
    let pixel_y = source_y >> 15u;
    let pixel_x = source_x >> 15u;
    var byte = 0u;
    if (is_here && pixel_y >= 0 && pixel_y < height && pixel_x >= 0 && pixel_x < width) {
      let at = start + u32(pixel_y) * params.row_stride + u32(pixel_x) * params.column_stride;
      byte = (images[at / 4u] >> (at % 4u * 8u)) & 0xffu;
    }
    let value = (f32(byte) / 255.0 - mean) / deviation;
    y[(row * params.width + column) * params.batch + n] = select(NAN_BITS, bitcast<u32>(value), is_here);
    source_y -= sine * step;
    source_x += cosine * step;
  }
}

/// sqrt(1 - sine^2), rounded down, in 2^-14. The square root of floats may be off by a little, and differently on every adapter.
fn cosine_of(sine: i32) -> i32 {
  let square = ONE * ONE - sine * sine;
  var root = i32(sqrt(f32(square)));
  while (root * root > square) { root--; }
  while ((root + 1) * (root + 1) <= square) { root++; }
  return root;
}
