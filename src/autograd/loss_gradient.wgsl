// The gradient of a loss with respect to itself.
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(1)
fn main() {
  gradient[0] = 1.0;
}
