// The geometry of two-dimensional pooling, shared by maximum and average.

import { formatShape, type Shape } from '../../tensor/index.js';
import { checkOptions } from '../check_options.js';

export interface Pool2dOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Step of the window along y and x. Default `kernel`. */
  readonly stride?: number;
  /** Border on each side, at most half of `kernel`, so that no window lies in it. Default 0. */
  readonly padding?: number;
}

export interface PoolGeometry {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Shape of the result, [C,OH,OW,N]. */
  readonly outShape: Shape;
}

/** Checks x [C,H,W,N] and works out the output with OH = floor((H + 2 * padding - kernel) / stride) + 1. */
export function pool2dGeometry(operation: string, x: Shape, options: Pool2dOptions): PoolGeometry {
  checkOptions(operation, options, ['kernel', 'stride', 'padding']);
  if (x.length !== 4) throw new Error(`${operation}: expected x [C,H,W,N], got ${formatShape(x)}`);
  const [channels, height, width, batch] = x;
  const { kernel, stride = kernel, padding = 0 } = options;
  for (const [name, value] of Object.entries({ kernel, stride })) {
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`${operation}: expected a ${name} that is a whole number of at least 1, got ${value}`);
  }
  if (!Number.isInteger(padding) || padding < 0 || padding * 2 > kernel) {
    throw new Error(`${operation}: expected padding of at most half the kernel (${kernel}), got ${padding}`);
  }
  const outHeight = Math.floor((height + 2 * padding - kernel) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  if (outHeight < 1 || outWidth < 1) {
    throw new Error(
      `${operation}: expected a kernel no larger than the padded input, got a larger one (x ${formatShape(x)}, kernel ${kernel}, padding ${padding})`,
    );
  }
  const outShape = [channels, outHeight, outWidth, batch];
  return { height, width, outHeight, outWidth, kernel, stride, padding, outShape };
}
