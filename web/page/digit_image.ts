// From a drawing to an image like those of MNIST: the ink scaled to fit 20 x 20 pixels, and its centre of mass put into the middle of
// 28 x 28 (LeCun, Cortes and Burges, "The MNIST database of handwritten digits").

const SIDE = 28;
const INK_SIDE = 20;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * @param ink [side, side], 0 where there is none, 255 at most.
 * @returns u8 [28, 28], or nothing of an empty drawing.
 */
export function digitImage(ink: ArrayLike<number>, side: number): Uint8Array | undefined {
  const box = boundingBox(ink, side);
  if (!box) return undefined;
  const scale = INK_SIDE / Math.max(box.width, box.height);
  const [width, height] = [box.width, box.height].map((extent) => Math.max(1, Math.round(extent * scale)));
  const small = shrink(ink, side, box, width, height);
  const [x, y] = centreOfMass(small, width);
  const [left, top] = [place(x, width), place(y, height)];
  const image = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      image[(top + row) * SIDE + left + column] = Math.round(small[row * width + column]);
    }
  }
  return image;
}

/** Where a stretch begins, so that its centre comes to the middle and nothing is cut off. */
function place(centre: number, extent: number): number {
  return Math.min(SIDE - extent, Math.max(0, Math.round(SIDE / 2 - centre)));
}

function boundingBox(ink: ArrayLike<number>, side: number): Box | undefined {
  let [left, top, right, bottom] = [side, side, -1, -1];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (ink[y * side + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Mean ink of the part of the box under each pixel of the result, [height, width]. */
function shrink(ink: ArrayLike<number>, side: number, box: Box, width: number, height: number): Float64Array {
  const small = new Float64Array(width * height);
  for (let row = 0; row < height; row++) {
    const rows = overlap(row, height, box.height);
    for (let column = 0; column < width; column++) {
      let [sum, area] = [0, 0];
      for (const [y, tall] of rows) {
        for (const [x, wide] of overlap(column, width, box.width)) {
          sum += tall * wide * ink[(box.top + y) * side + box.left + x];
          area += tall * wide;
        }
      }
      small[row * width + column] = sum / area;
    }
  }
  return small;
}

/** The source pixels under one of `count` equal parts of `extent`, each with its share. */
function overlap(part: number, count: number, extent: number): [number, number][] {
  const [start, end] = [(part * extent) / count, ((part + 1) * extent) / count];
  const pixels: [number, number][] = [];
  for (let pixel = Math.floor(start); pixel < Math.ceil(end) && pixel < extent; pixel++) {
    const share = Math.min(end, pixel + 1) - Math.max(start, pixel);
    if (share > 0) pixels.push([pixel, share]);
  }
  return pixels;
}

/** In pixels from the left and top edges; a pixel's ink lies in its middle. */
function centreOfMass(image: Float64Array, width: number): [number, number] {
  let [x, y, mass] = [0, 0, 0];
  image.forEach((ink, i) => {
    x += ink * ((i % width) + 0.5);
    y += ink * (Math.floor(i / width) + 0.5);
    mass += ink;
  });
  return [x / mass, y / mass];
}
