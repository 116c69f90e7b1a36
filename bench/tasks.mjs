// What every engine is asked to do, and the values that all of them start from, in each engine's own layout.

/** Shapes of VGG-D and WideResNet-22-2 among them. `backward` also computes both gradients for a given gradient of the output. */
export const TASKS = [
  matmul(512),
  matmul(1024),
  ...[
    { batch: 8, inChannels: 128, outChannels: 128, size: 32, stride: 1 },
    { batch: 32, inChannels: 64, outChannels: 64, size: 16, stride: 1 },
    { batch: 32, inChannels: 64, outChannels: 128, size: 16, stride: 2 },
    { batch: 32, inChannels: 128, outChannels: 128, size: 8, stride: 1 },
  ].flatMap((shape) => [convolution(shape, false), convolution(shape, true)]),
];

function matmul(size) {
  return { name: `matmul ${size}^3`, kind: 'matmul', size, flops: 2 * size ** 3 };
}

function convolution(shape, backward) {
  const { batch, inChannels, outChannels, size, stride } = shape;
  const outSize = Math.floor((size - 1) / stride) + 1;
  const step = stride === 1 ? '' : ` stride ${stride}`;
  return {
    name: `conv 3x3${step} ${batch}x${inChannels}x${size}x${size} to ${outChannels}, ${backward ? 'forward+backward' : 'forward'}`,
    kind: 'conv',
    backward,
    ...shape,
    kernel: 3,
    padding: 1,
    outSize,
    flops: 2 * 9 * batch * inChannels * outChannels * outSize ** 2 * (backward ? 3 : 1),
  };
}

/** Shapes of a convolution's tensors in PyTorch's order: x [N,I,H,W], weight [O,I,KH,KW], gradOutput [N,O,OH,OW]. */
export function convolutionShapes({ batch, inChannels, outChannels, size, outSize, kernel }) {
  return {
    x: [batch, inChannels, size, size],
    weight: [outChannels, inChannels, kernel, kernel],
    gradOutput: [batch, outChannels, outSize, outSize],
  };
}

/** Values in [-0.5, 0.5) for a shape in PyTorch's order: a hash of name and place, so that every engine gets the same. */
export function values(name, shape) {
  const seed = [...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => {
    let z = Math.imul(i + seed, 0x9e3779b1);
    z = Math.imul(z ^ (z >>> 15), 0x85ebca6b);
    return ((z ^ (z >>> 13)) >>> 0) / 2 ** 32 - 0.5;
  });
}

/** Reorders the axes of a row-major array: axis i of the result is axis `order[i]` of the source. */
export function permute(source, shape, order) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [a, b, c, d] = order.map((axis) => shape[axis]);
  const [sa, sb, sc, sd] = order.map((axis) => strides[axis]);
  const result = new Float32Array(source.length);
  let next = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++) result[next++] = source[i * sa + j * sb + k * sc + l * sd];
  return result;
}
