// Images of a data set on a canvas, pixel by pixel.

import type { ImageFacts } from '../messages.js';

/** @param image u8 [channels, height, width]; one channel is grey, three are red, green and blue. */
export function paintImage(
  canvas: HTMLCanvasElement,
  image: Uint8Array,
  { channels, height, width }: Pick<ImageFacts, 'channels' | 'height' | 'width'>,
): void {
  const pixels = new Uint8ClampedArray(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * i + channel] = image[Math.min(channel, channels - 1) * height * width + i];
    }
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')!.putImageData(new ImageData(pixels, width, height), 0, 0);
}
