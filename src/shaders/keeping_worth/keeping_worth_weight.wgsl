// worth = (value * scales[0])^2 at the positions of surviving weights, one slot of the blocks an invocation.
const WORKGROUP_SIZE: u32 = 64;
const PADDING: u32 = 0xffffffffu;

struct Params {
  slots: u32,
  block_size: u32,
  columns: u32,
  groups: u32,
}

@group(0) @binding(0) var<storage, read> values: array<f32>; // [blocks, B columns, B rows]
@group(0) @binding(1) var<storage, read> group_rows: array<u32>;
@group(0) @binding(2) var<storage, read> group_start: array<u32>;
@group(0) @binding(3) var<storage, read> block_columns: array<u32>;
@group(0) @binding(4) var<storage, read> survivors: array<u32>; // bits [ceil(rows*columns/32)]
@group(0) @binding(5) var<storage, read> scales: array<f32>; // of weights, of gradients
@group(0) @binding(6) var<storage, read_write> worth: array<f32>; // [rows, columns]
@group(0) @binding(7) var<uniform> params: Params;

// The group that holds a block: the last that starts at or before it, found by halving.
fn group_of(block: u32) -> u32 {
  var low = 0u;
  var high = params.groups;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (group_start[middle] <= block) { low = middle; } else { high = middle; }
  }
  return low;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let slot = (workgroup.x + workgroup.y * workgroups.x) * WORKGROUP_SIZE + lane;
  if (slot >= params.slots) { return; }
  let column_slot = slot / params.block_size;
  let row_slot = slot % params.block_size;
  let column = block_columns[column_slot];
  let row = group_rows[group_of(column_slot / params.block_size) * params.block_size + row_slot];
  if (column == PADDING || row == PADDING) { return; }
  let i = row * params.columns + column;
  if (((survivors[i / 32u] >> (i % 32u)) & 1u) == 0u) { return; }
  let scaled = values[slot] * scales[0];
  worth[i] = scaled * scaled;
}
