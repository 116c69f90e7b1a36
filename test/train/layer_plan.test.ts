// What becomes of each layer: rules by name, layers that stay dense, methods mixed, and the original program's choice.

import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/device/index.js';
import { nonstructured } from '../../src/nn/index.js';
import { defaultConfig, type LayerPlan, planLayers, type RunConfig } from '../../src/train/index.js';

const LAYERS = [
  { name: 'conv0', shape: [16, 3, 3, 3] },
  { name: 'layer1.0.conv', shape: [32, 16, 3, 3] },
  { name: 'layer1.1.conv', shape: [24, 32, 3, 3] },
  { name: 'layer10.0.conv', shape: [32, 32, 1, 1] },
  { name: 'fc', shape: [10, 32] },
];
const NAMES = LAYERS.map(({ name }) => name);

function plan(change: Partial<RunConfig>): Record<string, string> {
  const layers = planLayers({ ...defaultConfig('cifar10'), blockSize: 16, ...change }, LAYERS);
  return Object.fromEntries([...layers].map(([name, layer]) => [name, describePlan(layer)]));
}

/** `blocks of 16, gradient, 0.5`: form, growth and density, those that there are. */
function describePlan({ form, growth, density }: LayerPlan): string {
  const pattern = form === nonstructured ? 'mask' : form ? `blocks of ${form.leastColumns}` : 'dense';
  return [pattern, growth, density].filter((part) => part !== undefined).join(', ');
}

const all = (text: string) => Object.fromEntries(NAMES.map((name) => [name, text]));

describe('a method', () => {
  it.each([
    ['dsb', 'blocks of 16, gradient'],
    ['ssb', 'blocks of 16'],
    ['rigl', 'mask, gradient'],
    ['set', 'mask, random'],
    ['dense', 'dense, 1'],
  ] as const)('%s makes of every layer: %s', (method, expected) => {
    expect(plan({ method })).toEqual(all(expected));
  });

  it('grows where it is told to, unless it is static', () => {
    expect(plan({ method: 'dsb', growth: 'random' })).toEqual(all('blocks of 16, random'));
    expect(plan({ method: 'ssb', growth: 'random' })).toEqual(all('blocks of 16'));
  });
});

describe('rules by name', () => {
  it('meet the layers whose whole names match', () => {
    const layers = [{ pattern: 'layer1.*', density: 0.5 }];
    expect(plan({ layers })).toEqual({
      ...all('blocks of 16, gradient'),
      'layer1.0.conv': 'blocks of 16, gradient, 0.5',
      'layer1.1.conv': 'blocks of 16, gradient, 0.5',
    });
    expect(plan({ layers: [{ pattern: '*.0.*', method: 'dense' }] })).toEqual({
      ...all('blocks of 16, gradient'),
      'layer1.0.conv': 'dense, 1',
      'layer10.0.conv': 'dense, 1',
    });
  });

  it('mix forms, static and dynamic methods', () => {
    const layers: RunConfig['layers'] = [
      { pattern: 'conv0', method: 'ssb', blockSize: 8 },
      { pattern: 'layer1.0.conv', method: 'rigl', density: 0.2 },
      { pattern: 'layer1.1.conv', method: 'set' },
      { pattern: 'fc', blockSize: 0 },
    ];
    expect(plan({ layers })).toEqual({
      conv0: 'blocks of 8',
      'layer1.0.conv': 'mask, gradient, 0.2',
      'layer1.1.conv': 'mask, random',
      'layer10.0.conv': 'blocks of 16, gradient',
      fc: 'mask, gradient',
    });
    expect(plan({ method: 'ssb', layers: [{ pattern: 'fc', blockSize: 0 }] }).fc).toBe('mask');
  });

  it('come one after the other, after the dense layers: the last that says something wins', () => {
    const layers = [
      { pattern: '*', density: 0.5, blockSize: 8 },
      { pattern: 'layer1*', density: 0.25 },
    ];
    expect(plan({ layers, denseLayers: ['conv*'] })).toEqual({
      ...all('blocks of 8, gradient, 0.25'),
      conv0: 'blocks of 8, gradient, 0.5',
      fc: 'blocks of 8, gradient, 0.5',
    });
    expect(plan({ denseLayers: ['conv0', 'layer1.*'] })).toEqual({
      conv0: 'dense, 1',
      'layer1.0.conv': 'dense, 1',
      'layer1.1.conv': 'dense, 1',
      'layer10.0.conv': 'blocks of 16, gradient',
      fc: 'blocks of 16, gradient',
    });
  });

  it.each([
    ['*', NAMES],
    ['**', NAMES],
    ['f*c', ['fc']],
    ['fc*c', []],
    ['*c*c', []],
    ['*.0.*', ['layer1.0.conv', 'layer10.0.conv']],
    ['l*1*.conv', ['layer1.0.conv', 'layer1.1.conv', 'layer10.0.conv']],
    ['*1.1.conv', ['layer1.1.conv']],
    [`${'*'.repeat(40)}x`, []],
    [`${'*o'.repeat(40)}*`, []],
  ])('match by %s', (pattern, expected) => {
    const matched = () => {
      const plans = plan({ layers: [{ pattern, density: 0.25 }] });
      return NAMES.filter((name) => plans[name].endsWith('0.25'));
    };
    if (expected.length > 0) expect(matched()).toEqual(expected);
    else expect(matched).toThrow(/^layer: expected a pattern that matches a layer/);
  });

  it.each<[string, Partial<RunConfig>]>([
    [
      "layer: expected a pattern that matches a layer (LAYERS), got 'conv'",
      { layers: [{ pattern: 'conv', density: 1 }] },
    ],
    [
      "layer: expected a pattern that matches a layer (LAYERS), got 'layer1.0.c?nv'",
      { layers: [{ pattern: 'layer1.0.c?nv' }] },
    ],
    [
      "layer: expected a pattern that matches a layer (LAYERS), got 'layer1x0xconv'",
      { layers: [{ pattern: 'layer1x0xconv' }] },
    ],
    ["dense layers: expected a pattern that matches a layer (LAYERS), got 'head*'", { denseLayers: ['fc', 'head*'] }],
  ])('are refused where they match nothing: %s', (message, change) => {
    expect(() => plan(change)).toThrow(new InputError(message.replace('LAYERS', NAMES.join(', '))));
  });
});

describe('--compat original', () => {
  const compat = 'original';

  it('blocks convolutions of O % B == 0 and I >= B, and updates linear layers and blocks only', () => {
    expect(plan({ compat })).toEqual({
      conv0: 'mask',
      'layer1.0.conv': 'blocks of 16, gradient',
      'layer1.1.conv': 'mask',
      'layer10.0.conv': 'blocks of 16, gradient',
      fc: 'mask, gradient',
    });
  });

  it('leaves the convolutions of a nonstructured run static', () => {
    expect(plan({ compat, method: 'rigl' })).toEqual({ ...all('mask'), fc: 'mask, gradient' });
  });

  it('updates nothing where updates are static, prunes nothing where nothing is pruned', () => {
    expect(plan({ compat, method: 'ssb' })).toEqual({
      ...all('mask'),
      'layer1.0.conv': 'blocks of 16',
      'layer10.0.conv': 'blocks of 16',
    });
    expect(plan({ compat, method: 'dense' })).toEqual(all('dense, 1'));
  });

  it('gives way to rules', () => {
    const layers = [
      { pattern: 'conv0', blockSize: 8 },
      { pattern: 'fc', density: 0.5 },
      { pattern: 'layer10*', density: 1 },
    ];
    expect(plan({ compat, layers })).toMatchObject({
      conv0: 'blocks of 8, gradient',
      fc: 'mask, gradient, 0.5',
      'layer10.0.conv': 'dense, 1',
    });
  });
});
