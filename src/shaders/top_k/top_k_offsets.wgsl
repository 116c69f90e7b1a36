// Turns the counts of the chunks into what lies before each of them: an exclusive prefix sum, in place, in one workgroup.
const WORKGROUP_SIZE: u32 = 256;

struct Params { chunks: u32 }

@group(0) @binding(0) var<storage, read_write> counts: array<vec2<u32>>; // [chunks]: below, equal
@group(0) @binding(1) var<uniform> params: Params;

var<workgroup> sums: array<vec2<u32>, WORKGROUP_SIZE>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var before = vec2<u32>(0u);
  for (var first = 0u; first < params.chunks; first += WORKGROUP_SIZE) {
    let chunk = first + lane;
    var own = vec2<u32>(0u);
    if (chunk < params.chunks) { own = counts[chunk]; }
    sums[lane] = own;
    for (var offset = 1u; offset < WORKGROUP_SIZE; offset *= 2u) {
      workgroupBarrier();
      let left = select(vec2<u32>(0u), sums[max(lane, offset) - offset], lane >= offset);
      workgroupBarrier();
      sums[lane] += left;
    }
    workgroupBarrier();
    if (chunk < params.chunks) { counts[chunk] = before + sums[lane] - own; }
    before += sums[WORKGROUP_SIZE - 1u];
    workgroupBarrier();
  }
}
