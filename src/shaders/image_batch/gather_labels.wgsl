// y[n] = labels[samples[n].x]; all ones where there is no such image.
const WORKGROUP_SIZE: u32 = 64;
const LABEL_BYTES: u32 = 1; // 4 for labels of u32
const NO_LABEL: u32 = 0xffffffffu;

struct Params {
  batch: u32,
  count: u32, // labels
}

@group(0) @binding(0) var<storage, read> labels: array<u32>; // one label a word, or four, the first one low
@group(0) @binding(1) var<storage, read> samples: array<vec2<u32>>; // image index, augmentation
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let n = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (n >= params.batch) { return; }
  let image = samples[n].x;
  var label = NO_LABEL;
  if (image < params.count) {
    if (LABEL_BYTES == 4u) {
      label = labels[image];
    } else {
      label = (labels[image / 4u] >> (image % 4u * 8u)) & 0xffu;
    }
  }
  y[n] = label;
}
