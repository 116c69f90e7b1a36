// The end of a step with a scaled loss, once all gradients have been looked at: watch = 1 + the last parameter whose gradient was not
// finite, or 0. Then the step is left out (gate[0] = 1) and the scale halved; after growth_interval steps without, it is doubled.
// A gradient that is not finite at a scale of 1 is no matter of scaling: it trips the guard, for good (see guard_loss.wgsl).
const LARGEST: f32 = 16777216.0; // 2^24
const LOGGED: u32 = 32; // overflows that the log holds
const ENTRY: u32 = 3; // words of one

struct Params { growth_interval: u32 }

@group(0) @binding(0) var<storage, read_write> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> good_steps: array<u32>; // without overflow, since the scale last changed
@group(0) @binding(2) var<storage, read_write> watch: array<u32>;
@group(0) @binding(3) var<storage, read_write> overflows: array<u32>; // how many; then of each step, parameter, bits of the scale, in a ring
@group(0) @binding(4) var<storage, read_write> guard: array<u32>; // 1 + the step that ended training, or 0; steps done
@group(0) @binding(5) var<storage, read_write> gate: array<u32>; // what optimizers take for the guard
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(1)
fn main() {
  let bad = watch[0];
  watch[0] = 0u;
  gate[0] = select(0u, 1u, bad != 0u || guard[0] != 0u);
  if (guard[0] != 0u) { return; }
  if (bad == 0u) {
    good_steps[0]++;
    if (good_steps[0] >= params.growth_interval) {
      good_steps[0] = 0u;
      scale[0] = min(2.0 * scale[0], LARGEST);
    }
    return;
  }
  let entry = 1u + overflows[0] % LOGGED * ENTRY;
  overflows[entry] = guard[1] - 1u; // The guard has counted this step.
  overflows[entry + 1u] = bad - 1u;
  overflows[entry + 2u] = bitcast<u32>(scale[0]);
  overflows[0]++;
  good_steps[0] = 0u;
  if (scale[0] > 1.0) { scale[0] *= 0.5; } else { guard[0] = guard[1]; }
}
