// Plain float64 convolution in batch-last layout, value and gradients: the reference of the dense and block kernels.

export interface ConvolutionCase {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly height: number;
  readonly width: number;
  readonly batch: number;
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: readonly [number, number];
}

export function outputSize(c: ConvolutionCase): [number, number] {
  return [
    Math.floor((c.height + 2 * c.padding[0] - c.kernel[0]) / c.stride) + 1,
    Math.floor((c.width + 2 * c.padding[1] - c.kernel[1]) / c.stride) + 1,
  ];
}

/** Visits every product of the convolution: the flat indices of its output, input and weight. */
function visit(c: ConvolutionCase, each: (y: number, x: number, weight: number) => void): void {
  const [outHeight, outWidth] = outputSize(c);
  for (let o = 0; o < c.outChannels; o++)
    for (let oy = 0; oy < outHeight; oy++)
      for (let ox = 0; ox < outWidth; ox++)
        for (let i = 0; i < c.inChannels; i++)
          for (let ky = 0; ky < c.kernel[0]; ky++)
            for (let kx = 0; kx < c.kernel[1]; kx++) {
              const iy = oy * c.stride - c.padding[0] + ky;
              const ix = ox * c.stride - c.padding[1] + kx;
              if (iy < 0 || ix < 0 || iy >= c.height || ix >= c.width) continue;
              const weight = ((o * c.inChannels + i) * c.kernel[0] + ky) * c.kernel[1] + kx;
              for (let n = 0; n < c.batch; n++) {
                each(
                  ((o * outHeight + oy) * outWidth + ox) * c.batch + n,
                  ((i * c.height + iy) * c.width + ix) * c.batch + n,
                  weight,
                );
              }
            }
}

export function convolution(c: ConvolutionCase, x: Float64Array, weight: Float64Array): Float64Array {
  const [outHeight, outWidth] = outputSize(c);
  const y = new Float64Array(c.outChannels * outHeight * outWidth * c.batch);
  visit(c, (yi, xi, wi) => {
    y[yi] += weight[wi] * x[xi];
  });
  return y;
}

export function convolutionGradients(
  c: ConvolutionCase,
  x: Float64Array,
  weight: Float64Array,
  gradOutput: Float64Array,
): { x: Float64Array; weight: Float64Array } {
  const grads = { x: new Float64Array(x.length), weight: new Float64Array(weight.length) };
  visit(c, (yi, xi, wi) => {
    grads.x[xi] += weight[wi] * gradOutput[yi];
    grads.weight[wi] += x[xi] * gradOutput[yi];
  });
  return grads;
}

/** Shapes for every convolution kernel: tiny, odd, strided, padded, tile-exact and one more, all batch remainders. */
export const CONVOLUTION_CASES: readonly ConvolutionCase[] = [
  { inChannels: 1, outChannels: 1, height: 1, width: 1, batch: 1, kernel: [1, 1], stride: 1, padding: [0, 0] },
  { inChannels: 3, outChannels: 5, height: 7, width: 6, batch: 3, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { inChannels: 4, outChannels: 16, height: 8, width: 8, batch: 4, kernel: [3, 3], stride: 1, padding: [1, 1] },
  { inChannels: 5, outChannels: 17, height: 9, width: 8, batch: 5, kernel: [3, 3], stride: 2, padding: [1, 1] },
  { inChannels: 17, outChannels: 33, height: 5, width: 5, batch: 8, kernel: [3, 3], stride: 1, padding: [0, 0] },
  { inChannels: 6, outChannels: 8, height: 10, width: 11, batch: 12, kernel: [5, 5], stride: 1, padding: [2, 2] },
  { inChannels: 16, outChannels: 16, height: 8, width: 8, batch: 32, kernel: [1, 1], stride: 2, padding: [0, 0] },
  { inChannels: 3, outChannels: 4, height: 12, width: 13, batch: 4, kernel: [4, 3], stride: 3, padding: [2, 1] },
  { inChannels: 65, outChannels: 10, height: 1, width: 1, batch: 68, kernel: [1, 1], stride: 1, padding: [0, 0] },
  { inChannels: 40, outChannels: 130, height: 1, width: 1, batch: 7, kernel: [1, 1], stride: 1, padding: [0, 0] },
];

/** Of a case what an operation takes as options. */
export function windowOf({ stride, padding }: ConvolutionCase): Pick<ConvolutionCase, 'stride' | 'padding'> {
  return { stride, padding };
}

export function describeCase(c: ConvolutionCase): string {
  return `${c.inChannels}->${c.outChannels} ${c.height}x${c.width} batch ${c.batch} kernel ${c.kernel} stride ${c.stride} padding ${c.padding}`;
}

/** y[o, ...] + bias[o]. */
export function withBias(y: Float64Array, bias: Float64Array): Float64Array {
  return y.map((value, i) => value + bias[Math.floor((i * bias.length) / y.length)]);
}

/** Sums of the gradient of `withBias` over everything but the channel. */
export function biasGradient(gradOutput: Float64Array, channels: number): Float64Array {
  const length = gradOutput.length / channels;
  return Float64Array.from({ length: channels }, (_, o) =>
    gradOutput.subarray(o * length, (o + 1) * length).reduce((sum, value) => sum + value, 0),
  );
}
