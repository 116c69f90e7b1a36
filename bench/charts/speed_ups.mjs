// From the rows of `bench kernels --json` to speed-ups over the dense kernel, and to where they begin.

/** In the order in which charts show them. */
export const PASSES = ['forward', 'gradInput', 'gradWeight', 'sum'];

/**
 * One record for each layer, pass (the sum of the three among them), block size and sparsity. Layers lacking a pass are left out.
 * @returns [{ layer, pass, blockSize, sparsity, speedUp }]
 */
export function speedUps(rows) {
  const times = new Map();
  const add = (key, pass, ms) => {
    if (!times.has(key)) times.set(key, {});
    times.get(key)[pass] = ms;
  };
  for (const { layer, blockSize, sparsity, pass, ms } of rows)
    add(JSON.stringify([layer, blockSize, sparsity]), pass, ms);
  for (const passes of times.values()) passes.sum = passes.forward + passes.gradInput + passes.gradWeight;
  return [...times].flatMap(([key, passes]) => {
    const [layer, blockSize, sparsity] = JSON.parse(key);
    const dense = times.get(JSON.stringify([layer, 0, 0]));
    if (blockSize === 0 || !dense || !Number.isFinite(dense.sum / passes.sum)) return [];
    return PASSES.map((pass) => ({ layer, pass, blockSize, sparsity, speedUp: dense[pass] / passes[pass] }));
  });
}

/** Geometric means over the layers: a layer twice as fast and one half as fast come to 1. */
export function meanSpeedUps(records) {
  const groups = new Map();
  for (const record of records) {
    const key = JSON.stringify([record.pass, record.blockSize, record.sparsity]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(record);
  }
  return [...groups.values()]
    .map((group) => {
      const [{ pass, blockSize, sparsity }] = group;
      const mean = Math.exp(group.reduce((sum, { speedUp }) => sum + Math.log(speedUp), 0) / group.length);
      return { pass, blockSize, sparsity, speedUp: mean };
    })
    .sort(
      (a, b) => PASSES.indexOf(a.pass) - PASSES.indexOf(b.pass) || a.blockSize - b.blockSize || a.sparsity - b.sparsity,
    );
}

/**
 * Where each curve of `meanSpeedUps` crosses 1 upwards, logarithms of speed-ups taken as linear between two sparsities; nothing of a curve
 * that lies on one side.
 * @returns [{ pass, blockSize, sparsity }]
 */
export function breakEvens(means) {
  return means.flatMap((next, i) => {
    const last = means[i - 1];
    const isCurve = last && last.pass === next.pass && last.blockSize === next.blockSize;
    if (!isCurve || last.speedUp >= 1 || next.speedUp < 1) return [];
    const share = -Math.log(last.speedUp) / (Math.log(next.speedUp) - Math.log(last.speedUp));
    const sparsity = last.sparsity + share * (next.sparsity - last.sparsity);
    return [{ pass: next.pass, blockSize: next.blockSize, sparsity }];
  });
}
