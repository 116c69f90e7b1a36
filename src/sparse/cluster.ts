// Agglomerative clustering of the rows of a mask: complete linkage, distance 1 - cosine of the 0/1 rows (see
// docs/method.md). Complete linkage is reducible, so the nearest-neighbour chain (Benzecri, 1982; Murtagh, 1983) finds the
// merges in O(rows^2), out of order; sorted by height they are the dendrogram, and all but the last k-1 leave k clusters.

import { intersectionSizes, pairIndex } from './intersections.js';

interface Merge {
  readonly a: number;
  readonly b: number;
  readonly height: number;
}

/**
 * Clusters of rows, largest first; equal sizes in the order of their lowest rows; rows ascending within a cluster.
 * Deterministic: among equal distances the lowest row wins, among equal heights the merge found first. An empty row has
 * cosine 0 with every other.
 *
 * @param mask [rows*columns], nonzero = active.
 * @param numClusters at least 1; more than `rows` gives one cluster a row.
 */
export function clusterRows(mask: Uint8Array, rows: number, columns: number, numClusters: number): number[][] {
  return clusters(intersectionSizes(mask, rows, columns), rows, numClusters);
}

/**
 * The order in which rows are dealt into groups: max(rows/B, 1) clusters, one after the other. [rows]
 *
 * @param common see `intersectionSizes`.
 */
export function clusterOrder(common: Uint32Array, rows: number, blockSize: number): Uint32Array {
  return Uint32Array.from(clusters(common, rows, Math.max(Math.floor(rows / blockSize), 1)).flat());
}

function clusters(common: Uint32Array, rows: number, numClusters: number): number[][] {
  const merges = nearestNeighbourChain(cosineDistances(common, rows), rows);
  merges.sort((first, second) => first.height - second.height);
  const parent = Uint32Array.from({ length: rows }, (_, row) => row);
  const find = (row: number): number => {
    let root = row;
    while (parent[root] !== root) root = parent[root];
    parent[row] = root;
    return root;
  };
  for (const { a, b } of merges.slice(0, Math.max(0, rows - numClusters))) parent[find(a)] = find(b);
  const byRoot = new Map<number, number[]>();
  for (let row = 0; row < rows; row++) {
    const root = find(row);
    const members = byRoot.get(root);
    if (members) members.push(row);
    else byRoot.set(root, [row]);
  }
  return [...byRoot.values()].sort((first, second) => second.length - first.length);
}

/** 1 - |a and b| / sqrt(|a| |b|), [rows, rows]. */
function cosineDistances(common: Uint32Array, rows: number): Float64Array {
  const sizes = Uint32Array.from({ length: rows }, (_, row) => common[pairIndex(row) + row]);
  const distances = new Float64Array(rows * rows);
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b < a; b++) {
      const shared = common[pairIndex(a) + b];
      // Products of integers, so that equal cosines are equal numbers and ties are broken on purpose, not by rounding.
      const distance = shared === 0 ? 1 : Math.max(0, 1 - shared / Math.sqrt(sizes[a] * sizes[b]));
      distances[a * rows + b] = distance;
      distances[b * rows + a] = distance;
    }
  }
  return distances;
}

/** All rows-1 merges, in the order in which the chain meets them. Overwrites `distances`. */
function nearestNeighbourChain(distances: Float64Array, rows: number): Merge[] {
  // Rows that stand for a cluster, ascending: the first `count` entries.
  const alive = Uint32Array.from({ length: rows }, (_, row) => row);
  let count = rows;
  const chain: number[] = [];
  const merges: Merge[] = [];
  while (count > 1) {
    if (chain.length === 0) chain.push(alive[0]);
    const tip = chain[chain.length - 1];
    const before = chain.length > 1 ? chain[chain.length - 2] : -1;
    // Starting from the predecessor makes it win ties, without which the chain could run in a circle.
    let nearest = before;
    let height = before >= 0 ? distances[tip * rows + before] : Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const row = alive[i];
      if (distances[tip * rows + row] < height && row !== tip) {
        height = distances[tip * rows + row];
        nearest = row;
      }
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    const gone = Math.min(tip, nearest);
    const kept = Math.max(tip, nearest);
    merges.push({ a: gone, b: kept, height });
    const at = alive.indexOf(gone);
    alive.copyWithin(at, at + 1, count);
    count--;
    for (let i = 0; i < count; i++) {
      const row = alive[i];
      if (row === kept) continue;
      const farther = Math.max(distances[gone * rows + row], distances[kept * rows + row]);
      distances[kept * rows + row] = farther;
      distances[row * rows + kept] = farther;
    }
  }
  return merges;
}
