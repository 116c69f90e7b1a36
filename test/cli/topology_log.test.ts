// Topology updates in words, and the warning about those that change nothing.

import { describe, expect, it } from 'vitest';
import { TopologyLog } from '../../src/cli/run/topology_log.js';

function log(layers: number) {
  const warnings: string[] = [];
  const topology = new TopologyLog(layers, (warning) => warnings.push(warning));
  /** One update of layers of 100 active weights each, of which so many have moved. */
  const update = (step: number, ...grown: number[]) => {
    for (const [i, moved] of grown.entries()) {
      const counts = { candidates: 30, dropped: moved, grown: moved, nnz: 100, size: 1000, explored: 0.5, ms: 1 };
      topology.add({ type: 'topology', step, layer: `layer${i}`, ...counts });
    }
  };
  return { warnings, topology, update };
}

describe('end of an epoch', () => {
  it('counts updates, not layers, and tells the share that moved', () => {
    const { topology, update } = log(3);
    update(9, 10, 20, 0);
    expect(topology.endEpoch()).toBe('  1 topology update, 10.0% of weights moved at each');
    update(19, 30, 0, 0);
    update(29, 0, 0, 0);
    expect(topology.endEpoch()).toBe('  2 topology updates, 5.0% of weights moved at each');
  });

  it('is silent where there were none', () => {
    expect(log(1).topology.endEpoch()).toBe('');
  });
});

describe('warning', () => {
  it('comes at the end of the third update in a row that changes nothing', () => {
    const { warnings, update } = log(2);
    for (const step of [99, 199]) update(step, 0, 0);
    update(299, 0);
    expect(warnings).toEqual([]);
    update(299, 0);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^warning: step 300: 3 topology updates in a row changed nothing: .*--drop-rule column-norm or a larger --alpha$/,
    );
    for (let step = 399; step < 2000; step += 100) update(step, 0, 0);
    expect(warnings, 'told once').toHaveLength(1);
  });

  it('comes again where updates stop to change anything once more', () => {
    const { warnings, update } = log(1);
    for (let step = 0; step < 10; step++) update(step, step === 5 ? 1 : 0);
    expect(warnings.map((text) => text.slice(0, 15))).toEqual(['warning: step 3', 'warning: step 9']);
  });

  it('does not come as long as any layer changes now and then, first or last', () => {
    const { warnings, update } = log(3);
    for (let step = 0; step < 40; step++) update(step, step % 6 === 2 ? 1 : 0, 0, step % 6 === 5 ? 1 : 0);
    expect(warnings).toEqual([]);
  });

  it('counts across epochs', () => {
    const { warnings, topology, update } = log(1);
    for (let step = 0; step < 3; step++) {
      update(step, 0);
      topology.endEpoch();
    }
    expect(warnings).toHaveLength(1);
  });
});
