// How density is spread over layers, and how many blocks a density comes to.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { blockCount, type LayerShape, layerDensities } from '../../src/sparse/index.js';

/** wrn-10-2 on CIFAR-10: stem, three stages of one block (two 3x3 convolutions and a 1x1 shortcut), classifier. */
const WRN_10_2: LayerShape[] = [
  { name: 'stem', shape: [16, 3, 3, 3] },
  ...[1, 2, 3].flatMap((stage) => {
    const [out, input] = [16 * 2 ** stage, stage === 1 ? 16 : 8 * 2 ** stage];
    return [
      { name: `stage${stage}.conv0`, shape: [out, input, 3, 3] },
      { name: `stage${stage}.conv1`, shape: [out, out, 3, 3] },
      { name: `stage${stage}.shortcut`, shape: [out, input, 1, 1] },
    ];
  }),
  { name: 'classifier', shape: [10, 128] },
];

const sizeOf = ({ shape }: LayerShape) => shape.reduce((product, extent) => product * extent, 1);

function activeWeights(layers: LayerShape[], densities: Map<string, number>): number {
  return layers.reduce((sum, layer) => sum + sizeOf(layer) * densities.get(layer.name)!, 0);
}

describe('layerDensities', () => {
  it('gives the ERK densities of wrn-10-2 at 0.9 sparsity', () => {
    // 302,768 weights, 30,276.8 active. Stem (432), first two shortcuts (512, 2,048) and classifier (1,280) come out above 1
    // and become dense: 26,004.8 remain for layers whose extents add up to 1,014. Active in a layer: 26,004.8 * sum / 1,014.
    const perExtent = 26_004.8 / 1_014;
    const expected: Record<string, number> = {
      stem: 1,
      'stage1.conv0': (perExtent * (32 + 16 + 3 + 3)) / 4_608,
      'stage1.conv1': (perExtent * (32 + 32 + 3 + 3)) / 9_216,
      'stage1.shortcut': 1,
      'stage2.conv0': (perExtent * (64 + 32 + 3 + 3)) / 18_432,
      'stage2.conv1': (perExtent * (64 + 64 + 3 + 3)) / 36_864,
      'stage2.shortcut': 1,
      'stage3.conv0': (perExtent * (128 + 64 + 3 + 3)) / 73_728,
      'stage3.conv1': (perExtent * (128 + 128 + 3 + 3)) / 147_456,
      'stage3.shortcut': (perExtent * (128 + 64 + 1 + 1)) / 8_192,
      classifier: 1,
    };
    const densities = layerDensities({ layers: WRN_10_2, sparsity: 0.9 });
    expect([...densities.keys()]).toEqual(WRN_10_2.map(({ name }) => name));
    for (const [name, density] of densities) expect(density, name).toBeCloseTo(expected[name], 12);
    expect(densities.get('stage1.conv0')).toBeCloseTo(0.300536, 6);
  });

  it.each(['erk', 'er', 'uniform'] as const)('%s meets the total at every sparsity', (distribution) => {
    for (const sparsity of [0, 0.1, 0.5, 0.8, 0.9, 0.98, 0.999]) {
      const densities = layerDensities({ layers: WRN_10_2, sparsity, distribution });
      expect(activeWeights(WRN_10_2, densities) / 302_768).toBeCloseTo(1 - sparsity, 12);
      for (const density of densities.values()) expect(density > 0 && density <= 1).toBe(true);
    }
  });

  it('er leaves the kernel out, uniform spreads evenly', () => {
    const er = layerDensities({ layers: WRN_10_2, sparsity: 0.95, distribution: 'er' });
    const ratio = er.get('stage3.conv0')! / er.get('stage3.conv1')!;
    expect(ratio).toBeCloseTo((128 + 64) / (128 * 64) / ((128 + 128) / (128 * 128)), 12);
    const uniform = layerDensities({ layers: WRN_10_2, sparsity: 0.9, distribution: 'uniform' });
    for (const density of uniform.values()) expect(density).toBeCloseTo(0.1, 12);
  });

  it('evens densities out with a power below 1', () => {
    const options = { layers: WRN_10_2, sparsity: 0.9 };
    const flat = layerDensities({ ...options, powerScale: 0 });
    for (const density of flat.values()) expect(density).toBeCloseTo(0.1, 12);
    const between = layerDensities({ ...options, powerScale: 0.5 });
    expect(between.get('stage3.conv1')).toBeGreaterThan(layerDensities(options).get('stage3.conv1')!);
  });

  it('keeps the layers dense that are named, and takes their weights from the others', () => {
    const denseLayers = ['stem', 'stage3.shortcut', 'classifier'];
    const densities = layerDensities({ layers: WRN_10_2, sparsity: 0.9, denseLayers });
    for (const name of denseLayers) expect(densities.get(name)).toBe(1);
    expect(activeWeights(WRN_10_2, densities)).toBeCloseTo(30_276.8, 6);
    const all = layerDensities({ layers: WRN_10_2, sparsity: 0, denseLayers: WRN_10_2.map(({ name }) => name) });
    expect(new Set(all.values())).toEqual(new Set([1]));
  });

  it('refuses a density that the dense layers alone exceed', () => {
    expect(() => layerDensities({ layers: WRN_10_2, sparsity: 0.9, denseLayers: ['stage3.conv0'] })).toThrow(
      new InputError(
        'sparsity: expected at least 0.0000 and below 0.7564, which is what the given densities allow (stage3.conv0 1), got 0.9',
      ),
    );
    const names = WRN_10_2.map(({ name }) => name);
    expect(() => layerDensities({ layers: WRN_10_2, sparsity: 0.5, denseLayers: names })).toThrow(InputError);
  });

  it('keeps densities that are given, and meets the total with the others', () => {
    const fixedDensities = new Map([
      ['stage3.conv0', 0.3],
      ['classifier', 0.5],
    ]);
    const densities = layerDensities({ layers: WRN_10_2, sparsity: 0.9, denseLayers: ['stem'], fixedDensities });
    expect([...densities.keys()]).toEqual(WRN_10_2.map(({ name }) => name));
    expect(['stage3.conv0', 'classifier', 'stem'].map((name) => densities.get(name))).toEqual([0.3, 0.5, 1]);
    expect(activeWeights(WRN_10_2, densities)).toBeCloseTo(30_276.8, 6);
    const free = layerDensities({ layers: WRN_10_2, sparsity: 0.9 });
    expect(densities.get('stage3.conv1')).toBeLessThan(free.get('stage3.conv1')!);
  });

  it('says which sparsities the given densities allow', () => {
    const layers = [
      { name: 'a', shape: [10, 60] },
      { name: 'b', shape: [10, 40] },
    ];
    const given = (sparsity: number, ...densities: [string, number][]) => {
      return layerDensities({ layers, sparsity, fixedDensities: new Map(densities) });
    };
    const message = (range: string, names: string, got: number) =>
      new InputError(`sparsity: expected ${range}, which is what the given densities allow (${names}), got ${got}`);
    expect(() => given(0.2, ['a', 0.5])).toThrow(message('at least 0.3000 and below 0.7000', 'a 0.5', 0.2));
    expect(() => given(0.7, ['a', 0.5])).toThrow(message('at least 0.3000 and below 0.7000', 'a 0.5', 0.7));
    expect(given(0.3, ['a', 0.5]).get('b')).toBeCloseTo(1, 12);
    expect(given(0.69, ['a', 0.5]).get('b')).toBeCloseTo(0.025, 12);
    expect(() => given(0.6, ['a', 0.5], ['b', 0.1])).toThrow(message('0.6600', 'a 0.5, b 0.1', 0.6));
    expect(given(0.66, ['a', 0.5], ['b', 0.1]).get('b')).toBe(0.1);
  });

  it.each([
    [{ fixedDensities: new Map([['b', 0.5]]) }, 'expected fixed densities of a, got b'],
    [{ fixedDensities: new Map([['a', 0]]) }, 'expected a density in (0, 1] for a, got 0'],
    [{ sparsity: 1 }, 'expected sparsity in [0, 1), got 1'],
    [{ sparsity: -0.1 }, 'expected sparsity in [0, 1), got -0.1'],
    [{ sparsity: Number.NaN }, 'expected sparsity in [0, 1), got NaN'],
    [{ distribution: 'ekr' as never }, 'expected distribution erk | er | uniform, got ekr'],
    [{ powerScale: Number.POSITIVE_INFINITY }, 'expected powerScale a finite number, got Infinity'],
    [{ denseLayers: ['fc'] }, 'expected dense layers among a, got fc'],
    [{ layers: [{ name: 'a', shape: [4] }] }, 'expected a shape of at least two positive sizes for a, got [4]'],
    [{ layers: [{ name: 'a', shape: [4, 0] }] }, 'expected a shape of at least two positive sizes for a, got [4, 0]'],
    [
      {
        layers: [
          { name: 'a', shape: [4, 4] },
          { name: 'a', shape: [8, 8] },
        ],
      },
      'expected distinct layer names, got a twice',
    ],
  ])('refuses %o', (options, message) => {
    const valid = { layers: [{ name: 'a', shape: [8, 8] }], sparsity: 0.5 };
    expect(() => layerDensities({ ...valid, ...options })).toThrow(new InputError(`layerDensities: ${message}`));
  });
});

describe('blockCount', () => {
  it.each([
    [0.1, 64, 576, 16, 15], // 14.4
    [0.5, 16, 16, 4, 8], // exact
    [1 - 0.7, 40, 40, 4, 30], // 1 - 0.7 is a little more than 0.3
    [1, 10, 13, 4, 12], // all that there are, padded ones too
    [1, 3, 17, 4, 5],
    [0.5, 2, 100, 16, 4], // blocks of 32 weights
    [0.1, 10, 13, 4, 1], // 13 weights of 16
    [0.7, 10, 64, 8, 8], // 448 weights: 16 of the two last rows, and seven blocks of 64
    [0.9, 10, 13, 4, 9], // 117 weights: six blocks of 16, and three of the padded ones of 8
    [1e-9, 64, 64, 8, 1],
  ])('density %d of %d x %d in blocks of %d: %d', (density, rows, columns, blockSize, expected) => {
    expect(blockCount(density, { rows, columns, blockSize })).toBe(expected);
  });

  it.each([0, -1, 1.01, Number.NaN])('refuses density %d', (density) => {
    expect(() => blockCount(density, { rows: 8, columns: 8, blockSize: 4 })).toThrow(
      new InputError(`blockCount: expected density in (0, 1], got ${density}`),
    );
  });

  it.each([
    [{ blockSize: 0 }, 'expected blockSize an integer >= 4, got 0'],
    [{ blockSize: -8 }, 'expected blockSize an integer >= 4, got -8'],
    [{ blockSize: 9 }, "expected blockSize at most the layer's 8 columns, got 9 (layer [8, 8])"],
    [{ rows: 0 }, 'expected rows a positive integer, got 0'],
    [{ columns: 1.5 }, 'expected columns a positive integer, got 1.5'],
    [{ rows: 2 ** 20, columns: 2 ** 12 }, 'expected fewer than 2^32 weights in a layer, got 1048576 x 4096'],
  ])('refuses %o', (change, message) => {
    const shape = { rows: 8, columns: 8, blockSize: 4, ...change };
    expect(() => blockCount(0.5, shape)).toThrow(new InputError(`blockCount: ${message}`));
  });
});
