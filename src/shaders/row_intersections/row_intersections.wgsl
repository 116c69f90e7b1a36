// How many bits each pair of rows of a bit matrix shares: counts[a*(a+1)/2 + b] for b <= a. A workgroup takes TILE x TILE pairs, and
// WORDS words of their rows at a time through workgroup memory. Rows follow each other without gaps, so that a row may
// begin within a word.
const TILE: u32 = 16;
const WORDS: u32 = 16;

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<storage, read> bits: array<u32>; // [ceil(rows*columns/32)]
@group(0) @binding(1) var<storage, read_write> counts: array<u32>; // [rows*(rows+1)/2]
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> words_a: array<u32, 256>; // [TILE rows][WORDS]
var<workgroup> words_b: array<u32, 256>;

// 32 bits of a row from its column `column` on; zeros past its end and for rows that are not there.
fn word_of(row: u32, column: u32) -> u32 {
  if (row >= params.rows || column >= params.columns) { return 0u; }
  let first = row * params.columns + column;
  let shift = first % 32u;
  let left = params.columns - column;
  var word = bits[first / 32u] >> shift;
  if (shift > 0u && left > 32u - shift) { word |= bits[first / 32u + 1u] << (32u - shift); }
  if (left < 32u) { word &= (1u << left) - 1u; }
  return word;
}

@compute @workgroup_size(TILE, TILE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  if (group.x > group.y) { return; } // Above the diagonal.
  let a = group.y * TILE + local.y;
  let b = group.x * TILE + local.x;
  var count = 0u;
  for (var first = 0u; first < params.columns; first += WORDS * 32u) {
    words_a[local.y * WORDS + local.x] = word_of(a, first + local.x * 32u);
    words_b[local.y * WORDS + local.x] = word_of(group.x * TILE + local.y, first + local.x * 32u);
    workgroupBarrier();
    for (var word = 0u; word < WORDS; word++) {
      count += countOneBits(words_a[local.y * WORDS + word] & words_b[local.x * WORDS + word]);
    }
    workgroupBarrier();
  }
  if (a < params.rows && b <= a) { counts[a * (a + 1u) / 2u + b] = count; }
}
