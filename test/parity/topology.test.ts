// Topologies against those of the original implementation: every criterion of shared/fixtures/README.md, on every fixture.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { initialTopology, ShuffledBlocks, UpdateSchedule, updateTopology } from '../../src/sparse/index.js';
import { norm, readFixture } from '../sparse/support.js';

const folder = fileURLToPath(new URL('../../../shared/fixtures/topology/', import.meta.url));
// Throws, and so fails, where the fixtures are missing.
const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));

function load(name: string) {
  const { metadata, floats, mask } = readFixture(join(folder, name));
  const rows = Number(metadata.out_channels);
  const columns = Number(metadata.in_channels) * Number(metadata.kernel) ** 2;
  const blockSize = Number(metadata.block_size);
  return { metadata, floats, mask, rows, columns, blockSize };
}

describe('topology fixtures', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(0);
  });

  it.each(names)('%s: initial topology', (name) => {
    const { metadata, floats, rows, columns, blockSize } = load(name);
    const weight = floats('weight_init');
    const blocks = initialTopology(weight, { rows, columns, blockSize, sparsity: Number(metadata.sparsity) });
    blocks.validate();
    expect(blocks.numBlocks).toBe(Number(metadata.nblocks));
    expect(norm(weight, blocks.toMask())).toBeGreaterThanOrEqual(0.99 * Number(metadata.kept_norm_init));
  });

  it.each(names)('%s: masks convert without loss', (name) => {
    const { metadata, floats, mask, rows, columns, blockSize } = load(name);
    for (const which of ['mask_init', 'mask_updated']) {
      const blocks = ShuffledBlocks.fromMask(mask(which), rows, columns, blockSize, floats('weight_before')).validate();
      expect(blocks.numBlocks).toBe(Number(metadata.nblocks));
      expect(blocks.toMask()).toEqual(mask(which));
    }
  });

  it.each(names)('%s: one update', (name) => {
    const { metadata, floats, mask, rows, columns, blockSize } = load(name);
    const weight = floats('weight_before');
    const gradient = floats('grad');
    const before = ShuffledBlocks.fromMask(mask('mask_init'), rows, columns, blockSize, weight);
    const schedule = new UpdateSchedule({
      updateInterval: 100,
      endStep: Number(metadata.T_end),
      initialFraction: Number(metadata.alpha),
    });
    const step = Number(metadata.iteration);
    expect(schedule.isUpdateStep(step)).toBe(true);
    const dropFraction = schedule.dropFraction(step);
    expect(dropFraction).toBeCloseTo(Number(metadata.drop_fraction), 12);

    const { blocks, grown } = updateTopology({ blocks: before, weight, gradient, dropFraction });
    blocks.validate();
    const kept = norm(weight, blocks.toMask()) / Number(metadata.kept_norm_updated);
    const gained = norm(gradient, grown) / Number(metadata.grad_norm_grown);
    expect(blocks.numBlocks).toBe(Number(metadata.nblocks));
    expect(kept).toBeGreaterThanOrEqual(0.99);
    expect(gained).toBeGreaterThanOrEqual(0.95);
    if (process.env.PRINT) console.log(name, kept.toFixed(4), gained.toFixed(4));
  });
});
