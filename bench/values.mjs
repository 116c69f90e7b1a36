// Values that are the same in every engine, and their order in each engine's layout.

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
