// y [columns, rows] = transpose of x [rows, columns], words of 32 bits. A workgroup turns one TILE x TILE tile in workgroup memory,
// so that reads and writes both run along rows; one column more than the tile spreads its columns over the memory banks.
const TILE: u32 = 32;
const LANE_ROWS: u32 = 4;
const WORKGROUP_SIZE: u32 = TILE * LANE_ROWS;

struct Params {
  rows: u32,
  columns: u32,
  tiles_across: u32, // tiles along the columns of x
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

var<workgroup> tile: array<u32, TILE * (TILE + 1u)>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let unit = group.x + group.y * groups.x;
  let first_row = unit / params.tiles_across * TILE;
  let first_column = unit % params.tiles_across * TILE;
  let across = lane % TILE;
  for (var down = lane / TILE; down < TILE; down += LANE_ROWS) {
    let row = first_row + down;
    let column = first_column + across;
    if (row < params.rows && column < params.columns) {
      tile[down * (TILE + 1u) + across] = x[row * params.columns + column];
    }
  }
  workgroupBarrier();
  for (var down = lane / TILE; down < TILE; down += LANE_ROWS) {
    let row = first_row + across;
    let column = first_column + down;
    if (row < params.rows && column < params.columns) {
      y[column * params.rows + row] = tile[across * (TILE + 1u) + down];
    }
  }
}
