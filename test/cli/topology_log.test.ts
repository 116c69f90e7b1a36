// Topology updates in words, and the warning about those that change nothing.

import { describe, expect, it } from 'vitest';
import { TopologyLog } from '../../src/cli/topology_log.js';

function log() {
  const warnings: string[] = [];
  const topology = new TopologyLog((warning) => warnings.push(warning));
  /** One update of layers of 100 active weights each, of which so many have moved. */
  const update = (step: number, ...grown: number[]) => {
    for (const [i, moved] of grown.entries()) {
      const counts = { candidates: 30, dropped: moved, grown: moved, nnz: 100, explored: 0.5, ms: 1 };
      topology.add({ type: 'topology', step, layer: `layer${i}`, ...counts });
    }
  };
  return { warnings, topology, update };
}

describe('end of an epoch', () => {
  it('counts updates, not layers, and tells the share that moved', () => {
    const { topology, update } = log();
    update(9, 10, 20, 0);
    expect(topology.endEpoch()).toBe('  1 topology update, 10.0% of weights moved at each');
    update(19, 30, 0, 0);
    update(29, 0, 0, 0);
    expect(topology.endEpoch()).toBe('  2 topology updates, 5.0% of weights moved at each');
  });

  it('is silent where there were none', () => {
    expect(log().topology.endEpoch()).toBe('');
  });
});

describe('warning', () => {
  it('comes once, at the sixth update in a row that changes nothing', () => {
    const { warnings, update } = log();
    for (let step = 0; step < 5; step++) update(step, 0, 0);
    expect(warnings).toEqual([]);
    for (let step = 5; step < 20; step++) update(step, 0, 0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^warning: 5 topology updates in a row changed nothing: .*--drop-rule column-norm$/);
  });

  it('does not come as long as any layer changes now and then, first or last', () => {
    const { warnings, update } = log();
    for (let step = 0; step < 40; step++) update(step, step % 10 === 4 ? 1 : 0, 0, step % 10 === 9 ? 1 : 0);
    expect(warnings).toEqual([]);
  });

  it('counts across epochs', () => {
    const { warnings, topology, update } = log();
    for (let step = 0; step < 6; step++) {
      update(step, 0);
      topology.endEpoch();
    }
    expect(warnings).toHaveLength(1);
  });
});
