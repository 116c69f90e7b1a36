// How many bits each pair of rows of a bit matrix shares: counts[a*(a+1)/2 + b] for b <= a. An invocation takes TILE x TILE pairs in
// registers. No workgroup memory: SwiftShader takes 10 microseconds for each invocation of a shader with barriers.
const WORKGROUP_SIZE: u32 = 64;
const TILE: u32 = 4;

struct Params {
  rows: u32,
  words: u32, // of a row
  tiles: u32, // along the rows
}

@group(0) @binding(0) var<storage, read> aligned: array<u32>; // [rows][words]
@group(0) @binding(1) var<storage, read_write> counts: array<u32>; // [rows*(rows+1)/2]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let tile = (group.x + group.y * groups.x) * WORKGROUP_SIZE + lane;
  let first_a = tile / params.tiles * TILE;
  let first_b = tile % params.tiles * TILE;
  if (first_a >= params.rows || first_b > first_a) { return; } // Above the diagonal.

  var sums: array<array<u32, TILE>, TILE>;
  for (var word = 0u; word < params.words; word++) {
    var words_b: array<u32, TILE>;
    for (var j = 0u; j < TILE; j++) {
      words_b[j] = aligned[min(first_b + j, params.rows - 1u) * params.words + word];
    }
    for (var i = 0u; i < TILE; i++) {
      let word_a = aligned[min(first_a + i, params.rows - 1u) * params.words + word];
      for (var j = 0u; j < TILE; j++) { sums[i][j] += countOneBits(word_a & words_b[j]); }
    }
  }
  for (var i = 0u; i < TILE; i++) {
    let a = first_a + i;
    for (var j = 0u; j < TILE; j++) {
      let b = first_b + j;
      if (a < params.rows && b <= a) { counts[a * (a + 1u) / 2u + b] = sums[i][j]; }
    }
  }
}
