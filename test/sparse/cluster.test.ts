// Which rows cluster, and how many columns they share, against plain loops.
import { describe, expect, it } from 'vitest';
import { clusterOrder, clusterRows } from '../../src/sparse/index.js';
import { intersectionSizes } from '../../src/sparse/intersections.js';
import { Random } from '../../src/tensor/random.js';

function randomMask(random: Random, rows: number, columns: number, density: number): Uint8Array {
  return Uint8Array.from({ length: rows * columns }, () => (random.uniform() < density ? 1 : 0));
}

function sharedColumns(mask: Uint8Array, columns: number, a: number, b: number): number {
  let shared = 0;
  for (let column = 0; column < columns; column++) shared += mask[a * columns + column] & mask[b * columns + column];
  return shared;
}

function distance(mask: Uint8Array, columns: number, a: number, b: number): number {
  const product = sharedColumns(mask, columns, a, a) * sharedColumns(mask, columns, b, b);
  return product === 0 ? 1 : 1 - sharedColumns(mask, columns, a, b) / Math.sqrt(product);
}

/** The definition: join the two clusters whose farthest rows are nearest, until few enough are left. */
function naiveClusters(mask: Uint8Array, rows: number, columns: number, numClusters: number): number[][] {
  const clusters = Array.from({ length: rows }, (_, row) => [row]);
  while (clusters.length > numClusters) {
    let best = { a: 0, b: 0, height: Number.POSITIVE_INFINITY };
    for (let b = 0; b < clusters.length; b++) {
      for (let a = 0; a < b; a++) {
        const height = Math.max(...clusters[a].flatMap((x) => clusters[b].map((y) => distance(mask, columns, x, y))));
        if (height < best.height) best = { a, b, height };
      }
    }
    clusters[best.a].push(...clusters[best.b]);
    clusters.splice(best.b, 1);
  }
  for (const cluster of clusters) cluster.sort((x, y) => x - y);
  return clusters.sort((x, y) => y.length - x.length || x[0] - y[0]);
}

/** Without equal distances the dendrogram is unique. */
function hasDistinctDistances(mask: Uint8Array, rows: number, columns: number): boolean {
  const seen = new Set<number>();
  for (let a = 0; a < rows; a++) for (let b = 0; b < a; b++) seen.add(distance(mask, columns, a, b));
  return seen.size === (rows * (rows - 1)) / 2;
}

describe('intersectionSizes', () => {
  // 40 x 70: about 56,000 d^2 steps along lists against 7,200 for bits. Below density 0.36 it takes lists, above it bits.
  it.each([0, 0.02, 0.2, 0.34, 0.38, 0.6, 0.97, 1])('counts shared columns at density %d', (density) => {
    const random = new Random(3);
    for (const columns of [70, 64, 33, 1]) {
      const mask = randomMask(random, 40, columns, density);
      const common = intersectionSizes(mask, 40, columns);
      for (let a = 0, pair = 0; a < 40; a++) {
        for (let b = 0; b <= a; b++, pair++) expect(common[pair]).toBe(sharedColumns(mask, columns, a, b));
      }
    }
  });

  it('takes any nonzero as active', () => {
    const common = intersectionSizes(Uint8Array.of(255, 2, 0, 1, 7, 0), 2, 3);
    expect(Array.from(common)).toEqual([2, 2, 2]);
  });
});

describe('clusterRows', () => {
  it('agrees with the definition of complete linkage wherever that is unique', () => {
    const random = new Random(5);
    let compared = 0;
    while (compared < 60) {
      const rows = 2 + random.below(11);
      const columns = 60 + random.below(60);
      const mask = randomMask(random, rows, columns, 0.2 + 0.6 * random.uniform());
      if (!hasDistinctDistances(mask, rows, columns)) continue;
      for (let k = 1; k <= rows; k++) {
        expect(clusterRows(mask, rows, columns, k)).toEqual(naiveClusters(mask, rows, columns, k));
      }
      compared++;
    }
  });

  it('finds rows of identical support among many ties', () => {
    // Five supports of disjoint columns, dealt out to 25 rows: all distances are 0 or 1.
    const supportOf = new Random(2).shuffle(Array.from({ length: 25 }, (_, row) => row % 5));
    const mask = new Uint8Array(25 * 20);
    for (const [row, support] of supportOf.entries()) mask.fill(1, row * 20 + support * 4, row * 20 + support * 4 + 4);
    const clusters = clusterRows(mask, 25, 20, 5);
    for (const cluster of clusters) expect(new Set(cluster.map((row) => supportOf[row])).size).toBe(1);
    expect(clusters.map((cluster) => cluster.length)).toEqual([5, 5, 5, 5, 5]);
    expect(clusters.map(([first]) => first)).toEqual(clusters.map(([first]) => first).sort((a, b) => a - b));
  });

  it('partitions the rows into as many clusters as asked, ties and empty rows or not', () => {
    const random = new Random(7);
    for (let i = 0; i < 100; i++) {
      const rows = 1 + random.below(40);
      const columns = 1 + random.below(12);
      const mask = randomMask(random, rows, columns, 0.15);
      const numClusters = 1 + random.below(rows);
      const clusters = clusterRows(mask, rows, columns, numClusters);
      expect(clusters.length).toBe(numClusters);
      expect(clusters.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
      expect(clusterRows(mask, rows, columns, numClusters)).toEqual(clusters);
    }
  });

  it('gives one cluster a row when more are asked for', () => {
    expect(clusterRows(Uint8Array.of(1, 1, 1), 3, 1, 9)).toEqual([[0], [1], [2]]);
  });
});

describe('clusterOrder', () => {
  it('deals the clusters out, largest first', () => {
    // Column 0 in rows 0, 2 and 4, column 1 in the five others: two clusters of 8/4 rows.
    const mask = Uint8Array.from([0, 1, 0, 1, 0, 1, 1, 1].flatMap((column) => [1 - column, column]));
    expect(Array.from(clusterOrder(intersectionSizes(mask, 8, 2), 8, 4))).toEqual([1, 3, 5, 6, 7, 0, 2, 4]);
  });

  it('makes one cluster of fewer rows than a block', () => {
    expect(Array.from(clusterOrder(intersectionSizes(Uint8Array.of(0, 1, 1, 0, 0, 1), 3, 2), 3, 4))).toEqual([0, 1, 2]);
  });
});
