// A bit matrix whose rows follow each other without gaps, with each row from a new word on, and zeros behind its end: one invocation a word.
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  count: u32, // rows * words
  words: u32, // of an aligned row
  columns: u32,
}

@group(0) @binding(0) var<storage, read> bits: array<u32>; // [ceil(rows*columns/32)]
@group(0) @binding(1) var<storage, read_write> aligned: array<u32>; // [rows][words]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.count) { return; }
  let column = i % params.words * 32u;
  let first = i / params.words * params.columns + column;
  let shift = first % 32u;
  let left = params.columns - column;
  var word = bits[first / 32u] >> shift;
  if (shift > 0u && left > 32u - shift) { word |= bits[first / 32u + 1u] << (32u - shift); }
  if (left < 32u) { word &= (1u << left) - 1u; }
  aligned[i] = word;
}
