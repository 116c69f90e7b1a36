// Shapes: lists of non-negative integers, outermost dimension first.

export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** Throws unless it is a list of non-negative integers. */
export function checkShape(shape: Shape): void {
  if (!Array.isArray(shape)) throw new Error(`shape: expected a list of extents, such as [3, 8], got ${shape}`);
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0)
      throw new Error(`shape: expected non-negative integers, got ${formatShape(shape)}`);
  }
}
