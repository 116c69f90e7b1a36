// The pixels of a layer's picture, one for each weight: kept ones in ink, the darker the larger; what an update changed, in colour.

import type { Picture } from '../messages.js';

export type Rgb = readonly [number, number, number];

/** Opacity of the least kept weight; that of the largest is 255. */
const FAINTEST = 70;
/** Weights of so many times the root mean square are as dark as it gets. */
const DARKEST = 2;

/** rgba8 [rows, columns]: kept weights, pruned ones transparent. */
export function weightPixels({ weights }: Picture, places: Uint32Array, ink: Rgb): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * weights.length);
  const most = DARKEST * rootMeanSquare(weights) || 1;
  for (let i = 0; i < weights.length; i++) {
    if (Number.isNaN(weights[i])) continue;
    const share = Math.min(1, Math.abs(weights[i]) / most);
    put(pixels, places[i], ink, FAINTEST + (255 - FAINTEST) * share);
  }
  return pixels;
}

export interface Change {
  readonly dropped: number;
  readonly grown: number;
}

/** rgba8 [rows, columns]: what is no more, and what is new, each at its place in the later picture. */
export function changePixels(
  before: Picture,
  after: Picture,
  places: Uint32Array,
  colours: { readonly dropped: Rgb; readonly grown: Rgb },
): { readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly change: Change } {
  const pixels = new Uint8ClampedArray(4 * after.weights.length);
  const change = { dropped: 0, grown: 0 };
  for (let i = 0; i < after.weights.length; i++) {
    const [wasKept, isKept] = [before, after].map(({ weights }) => !Number.isNaN(weights[i]));
    if (wasKept === isKept) continue;
    const kind = wasKept ? 'dropped' : 'grown';
    change[kind]++;
    put(pixels, places[i], colours[kind], 255);
  }
  return { pixels, change };
}

/** Of the kept weights. */
function rootMeanSquare(weights: Float32Array): number {
  let [sum, count] = [0, 0];
  for (const weight of weights) {
    if (Number.isNaN(weight)) continue;
    sum += weight * weight;
    count++;
  }
  return Math.sqrt(sum / count) || 0;
}

function put(pixels: Uint8ClampedArray, place: number, [red, green, blue]: Rgb, opacity: number): void {
  pixels[4 * place] = red;
  pixels[4 * place + 1] = green;
  pixels[4 * place + 2] = blue;
  pixels[4 * place + 3] = opacity;
}
