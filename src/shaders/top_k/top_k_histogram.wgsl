// One digit of a radix selection (see top_k.ts): how often each value of the digit occurs among the eligible keys that agree with the
// threshold in all higher digits. Counted in workgroup memory, then added up: integer sums, the same in any order.
const WORKGROUP_SIZE: u32 = 256;
const CHUNK: u32 = 8192; // positions a workgroup
const BINS: u32 = 2048; // most values of a digit
const MAGNITUDE: u32 = 0x7fffffffu;
const EXPONENT: u32 = 0x7f800000u;

struct Params {
  size: u32, // positions
  grow: u32, // 1: the largest magnitudes where the bit is 0; 0: the smallest where it is 1
  shift: u32, // lowest bit of the digit
  digit_bits: u32,
  first_bin: u32, // of this digit in `histogram`
}

@group(0) @binding(0) var<storage, read> values: array<u32>; // bits of f32 [size]
@group(0) @binding(1) var<storage, read> bits: array<u32>; // [ceil(size/32)]
@group(0) @binding(2) var<storage, read> threshold: array<u32>; // key, rank: see top_k_digit.wgsl
@group(0) @binding(3) var<storage, read_write> histogram: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> non_finite: atomic<u32>; // values that are infinite or NaN
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> bins: array<atomic<u32>, BINS>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (group.x + group.y * groups.x) * CHUNK;
  let end = min(start + CHUNK, params.size);
  let above = params.shift + params.digit_bits;
  let digit_mask = (1u << params.digit_bits) - 1u;
  var own_non_finite = 0u;
  for (var i = start + lane; i < end; i += WORKGROUP_SIZE) {
    let magnitude = values[i] & MAGNITUDE;
    if (magnitude >= EXPONENT) { own_non_finite++; }
    let key = select(magnitude, magnitude ^ MAGNITUDE, params.grow == 1u);
    let is_eligible = ((bits[i / 32u] >> (i % 32u)) & 1u) != params.grow;
    if (is_eligible && ((key ^ threshold[0]) >> above) == 0u) { atomicAdd(&bins[(key >> params.shift) & digit_mask], 1u); }
  }
  if (own_non_finite > 0u && params.first_bin == 0u) { atomicAdd(&non_finite, own_non_finite); }
  workgroupBarrier();
  for (var bin = lane; bin <= digit_mask; bin += WORKGROUP_SIZE) {
    let occurrences = atomicLoad(&bins[bin]);
    if (occurrences > 0u) { atomicAdd(&histogram[params.first_bin + bin], occurrences); }
  }
}
