// guard = (0, steps done) as long as every loss was finite; the first that is not sets guard[0] = 1 + steps done before it.
// Looks at the bits of the loss (exponent all ones: infinity or NaN), because a compiler may assume that floats are finite.
const EXPONENT: u32 = 0x7f800000u;

@group(0) @binding(0) var<storage, read> loss: array<u32>; // bits of f32 [1]
@group(0) @binding(1) var<storage, read_write> guard: array<u32>;

@compute @workgroup_size(1)
fn main() {
  if (guard[0] == 0u && (loss[0] & EXPONENT) == EXPONENT) {
    guard[0] = guard[1] + 1u;
  } else {
    guard[1]++;
  }
}
