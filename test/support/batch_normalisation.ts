// Batch normalisation in float64, over rows of x [channels, length], and its gradients in training.
export const EPSILON = 1e-5;

export interface Moments {
  readonly mean: Float64Array;
  /** Biased. */
  readonly variance: Float64Array;
}

/** Of each row of x [channels, length]. */
export function moments(x: Float64Array, channels: number): Moments {
  const length = x.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < x.length; i++) mean[Math.floor(i / length)] += x[i] / length;
  for (let i = 0; i < x.length; i++) {
    const c = Math.floor(i / length);
    variance[c] += (x[i] - mean[c]) ** 2 / length;
  }
  return { mean, variance };
}

function normalised(x: Float64Array, { mean, variance }: Moments): Float64Array {
  const length = x.length / mean.length;
  return x.map((value, i) => {
    const c = Math.floor(i / length);
    return (value - mean[c]) / Math.sqrt(variance[c] + EPSILON);
  });
}

export function batchNormed(x: Float64Array, weight: Float64Array, bias: Float64Array, used: Moments): Float64Array {
  const length = x.length / weight.length;
  return normalised(x, used).map((value, i) => value * weight[Math.floor(i / length)] + bias[Math.floor(i / length)]);
}

/** Gradients by the chain rule through mean and variance, for shapes too large for central differences. */
export function trainingGradients(x: Float64Array, weight: Float64Array, gradOutput: Float64Array) {
  const channels = weight.length;
  const length = x.length / channels;
  const batch = moments(x, channels);
  const z = normalised(x, batch);
  const grads = { x: new Float64Array(x.length), weight: new Float64Array(channels), bias: new Float64Array(channels) };
  for (let i = 0; i < x.length; i++) {
    grads.weight[Math.floor(i / length)] += gradOutput[i] * z[i];
    grads.bias[Math.floor(i / length)] += gradOutput[i];
  }
  for (let i = 0; i < x.length; i++) {
    const c = Math.floor(i / length);
    const inner = gradOutput[i] - (grads.bias[c] + z[i] * grads.weight[c]) / length;
    grads.x[i] = (weight[c] / Math.sqrt(batch.variance[c] + EPSILON)) * inner;
  }
  return grads;
}
