// energies[o, g, c] = sum of worth[row, c] over the rows of group g in order o, one after the other, so that a CPU gives the same bits.
const WORKGROUP_SIZE: u32 = 64;

struct Params {
  rows: u32,
  columns: u32,
  block_size: u32,
  groups: u32,
  orders: u32,
}

@group(0) @binding(0) var<storage, read> worth: array<f32>; // [rows, columns]
@group(0) @binding(1) var<storage, read> orders: array<u32>; // [orders, rows]
@group(0) @binding(2) var<storage, read_write> energies: array<f32>; // [orders, groups, columns]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP_SIZE + lane;
  if (i >= params.orders * params.groups * params.columns) { return; }
  let column = i % params.columns;
  let group = i / params.columns % params.groups;
  let order = i / params.columns / params.groups * params.rows;
  let first = group * params.block_size;
  let end = min(first + params.block_size, params.rows);
  var sum = 0.0;
  for (var slot = first; slot < end; slot++) { sum += worth[orders[order + slot] * params.columns + column]; }
  energies[i] = sum;
}
