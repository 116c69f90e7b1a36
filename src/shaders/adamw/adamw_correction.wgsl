// correction = (1 - beta1^t, 1 - beta2^t) after t steps: what the moments would be if every gradient had been 1. Summed like them, since
// the difference of 1 and a power close to it would lose most of its digits in the first steps.
// Writes nothing once guard[0] is set: see guard_loss.wgsl.
@group(0) @binding(0) var<storage, read_write> correction: array<f32>;
@group(0) @binding(1) var<storage, read> hyper: array<f32>; // see adamw_step.wgsl
@group(0) @binding(2) var<storage, read> guard: array<u32>;

@compute @workgroup_size(1)
fn main() {
  if (guard[0] != 0u) { return; }
  correction[0] = hyper[3] * correction[0] + hyper[4];
  correction[1] = hyper[5] * correction[1] + hyper[6];
}
