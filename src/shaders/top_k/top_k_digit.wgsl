// Finds the digit of the key of a given rank from the digit's histogram, in one workgroup: threshold[0] gets the digit, threshold[1],
// the rank from 1, becomes the rank among the keys that have it. Where fewer keys are eligible than wanted, the threshold lies above all.
const WORKGROUP_SIZE: u32 = 256;
const ABOVE_ALL: u32 = 0xffffffffu;

struct Params {
  shift: u32,
  digit_bits: u32, // at least 8
  first_bin: u32,
}

@group(0) @binding(0) var<storage, read> histogram: array<u32>;
@group(0) @binding(1) var<storage, read_write> threshold: array<u32>; // key so far, rank
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> sums: array<u32, WORKGROUP_SIZE>;
var<workgroup> found: vec2<u32>; // digit << shift, rank among the keys that have it

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  let rank = threshold[1];
  let span = (1u << params.digit_bits) / WORKGROUP_SIZE;
  let first = params.first_bin + lane * span;
  var own = 0u;
  for (var i = 0u; i < span; i++) { own += histogram[first + i]; }
  sums[lane] = own;
  for (var offset = 1u; offset < WORKGROUP_SIZE; offset *= 2u) {
    workgroupBarrier();
    let left = select(0u, sums[max(lane, offset) - offset], lane >= offset);
    workgroupBarrier();
    sums[lane] += left;
  }
  workgroupBarrier();
  var below = sums[lane] - own;
  if (below < rank && rank <= below + own) {
    var digit = lane * span;
    while (below + histogram[params.first_bin + digit] < rank) {
      below += histogram[params.first_bin + digit];
      digit++;
    }
    found = vec2<u32>(digit << params.shift, rank - below);
  }
  if (lane == 0u && sums[WORKGROUP_SIZE - 1u] < rank) { found = vec2<u32>(ABOVE_ALL, rank); }
  workgroupBarrier();
  if (lane == 0u && rank > 0u) {
    threshold[0] |= found.x;
    threshold[1] = found.y;
  }
}
