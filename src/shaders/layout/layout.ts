// Conversion at the border between PyTorch's layout [N,C,H,W] and ours, [C,H,W,N]: the transpose of a matrix [N, C*H*W].

import { record } from '../../autograd/index.js';
import { kernel } from '../../device/index.js';
import { formatShape, type Shape, Tensor } from '../../tensor/index.js';
import { transpose } from '../../wgsl.generated.js';
import { runKernelOn } from '../launch.js';

const transposeKernel = kernel(transpose);

/** x [N,C,H,W] -> [C,H,W,N], f32. */
export function fromNCHW(x: Tensor): Tensor {
  checkImages('fromNCHW', '[N,C,H,W]', x);
  return record('fromNCHW', batchLast(x), [x], (gradOutput) => [batchFirst(gradOutput)]);
}

/** x [C,H,W,N] -> [N,C,H,W], f32. */
export function toNCHW(x: Tensor): Tensor {
  checkImages('toNCHW', '[C,H,W,N]', x);
  return record('toNCHW', batchFirst(x), [x], (gradOutput) => [batchLast(gradOutput)]);
}

function checkImages(operation: string, layout: string, x: Tensor): void {
  if (x.shape.length === 4 && x.dtype === 'f32') return;
  throw new Error(`${operation}: expected x f32 ${layout}, got ${x.dtype} ${formatShape(x.shape)}`);
}

function batchLast(x: Tensor): Tensor {
  const [batch, ...image] = x.shape;
  return transposed(x, batch, x.size / batch, [...image, batch]);
}

function batchFirst(x: Tensor): Tensor {
  const [channels, height, width, batch] = x.shape;
  return transposed(x, x.size / batch, batch, [batch, channels, height, width]);
}

/** x of f32 seen as [rows, columns], transposed, under `shape`. */
export function transposed(x: Tensor, rows: number, columns: number, shape: Shape): Tensor {
  const y = Tensor.empty(x.device, shape);
  if (x.size === 0) return y;
  const tile = transposeKernel.constant('TILE');
  const tilesAcross = Math.ceil(columns / tile);
  const tiles = tilesAcross * Math.ceil(rows / tile);
  runKernelOn(transposeKernel, { x, y }, { rows, columns, tiles_across: tilesAcross }, tiles);
  return y;
}
