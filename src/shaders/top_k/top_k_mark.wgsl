// Marks what the threshold selects, a word of 32 positions an invocation: all eligible keys below it and the first `threshold[1]` that
// equal it. Selected bits are toggled, which adds them to the set where it grows and takes them out where it shrinks. The
// selected values are written one after the other, in the order of their positions.
const WORKGROUP_SIZE: u32 = 256; // words of a chunk
const MAGNITUDE: u32 = 0x7fffffffu;

struct Params {
  size: u32,
  grow: u32, // see top_k_histogram.wgsl
}

@group(0) @binding(0) var<storage, read> values: array<u32>; // bits of f32 [size]
@group(0) @binding(1) var<storage, read> bits: array<u32>;
@group(0) @binding(2) var<storage, read> threshold: array<u32>;
@group(0) @binding(3) var<storage, read> before_chunk: array<vec2<u32>>; // [chunks]: below, equal
@group(0) @binding(4) var<storage, read_write> toggled: array<u32>; // [ceil(size/32)]
@group(0) @binding(5) var<storage, read_write> selected: array<u32>; // bits of f32 [size], those of the selected first
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> sums: array<vec2<u32>, WORKGROUP_SIZE>;

fn key_of(i: u32) -> u32 {
  let magnitude = values[i] & MAGNITUDE;
  return select(magnitude, magnitude ^ MAGNITUDE, params.grow == 1u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let chunk = group.x + group.y * groups.x;
  let word = chunk * WORKGROUP_SIZE + lane;
  let is_inside = word * 32u < params.size;
  var old = 0u;
  var length = 0u;
  if (is_inside) {
    old = bits[word];
    length = min(32u, params.size - word * 32u);
  }
  let eligible = select(old, ~old, params.grow == 1u);

  // 1. Which of this word lie below the threshold, and which equal it.
  var below = 0u;
  var equal = 0u;
  for (var bit = 0u; bit < length; bit++) {
    let key = key_of(word * 32u + bit);
    below |= u32(key < threshold[0]) << bit;
    equal |= u32(key == threshold[0]) << bit;
  }
  below &= eligible;
  equal &= eligible;

  // 2. How many of either lie before this word.
  let own = vec2<u32>(countOneBits(below), countOneBits(equal));
  sums[lane] = own;
  for (var offset = 1u; offset < WORKGROUP_SIZE; offset *= 2u) {
    workgroupBarrier();
    let left = select(vec2<u32>(0u), sums[max(lane, offset) - offset], lane >= offset);
    workgroupBarrier();
    sums[lane] += left;
  }
  if (!is_inside) { return; }
  let before = before_chunk[chunk] + sums[lane] - own;

  // 3. Of the equal ones only as many as are wanted.
  var ties = min(own.y, threshold[1] - min(threshold[1], before.y));
  var marked = below;
  for (; ties > 0u; ties--) {
    marked |= equal & (~equal + 1u);
    equal &= equal - 1u;
  }
  toggled[word] = old ^ marked;
  var at = before.x + min(before.y, threshold[1]);
  for (; marked != 0u; marked &= marked - 1u) {
    selected[at] = values[word * 32u + countTrailingZeros(marked)];
    at++;
  }
}
