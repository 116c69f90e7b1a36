// Every invariant of docs/format.md, violated one by one: the message names the group, the slot and the value.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/host/input_error.js';
import { type BlockTables, PADDING, ShuffledBlocks } from '../../src/sparse/index.js';

type Tables = { -readonly [K in keyof BlockTables]: BlockTables[K] };

/** 10 x 13 in blocks of 4: three groups, the last of two rows, the first with a padded block of the one column left over. */
function validTables(): Tables {
  const blockColumns = [
    ...[3, 1, 2, 0, 4, 5, 6, 7, 11, 10, 9, 8, 12, PADDING, PADDING, PADDING], // group 0: blocks 0 to 3
    ...[5, 6, 7, 8], // group 1: block 4
    ...[0, 2, 4, 6, 1, 3, 5, 7], // group 2: blocks 5 and 6
  ];
  const values = new Float32Array(7 * 16);
  for (const [slot, column] of blockColumns.entries()) {
    if (column !== PADDING) values.fill(column + 0.5, slot * 4, slot * 4 + (slot >= 20 ? 2 : 4));
  }
  return {
    rows: 10,
    columns: 13,
    blockSize: 4,
    groupRows: Uint32Array.of(3, 1, 7, 9, 0, 2, 4, 5, 6, 8, PADDING, PADDING),
    groupStart: Uint32Array.of(0, 4, 5, 7),
    blockColumns: Uint32Array.from(blockColumns),
    values,
  };
}

const VIOLATIONS: [string, (tables: Tables) => void, string][] = [
  [
    'no rows',
    (t) => {
      t.rows = 0;
    },
    'expected rows a positive integer, got 0',
  ],
  [
    'half a column',
    (t) => {
      t.columns = 12.5;
    },
    'expected columns a positive integer, got 12.5',
  ],
  [
    'no block size',
    (t) => {
      t.blockSize = 0;
    },
    'expected blockSize an integer >= 4, got 0',
  ],
  [
    'blocks wider than the layer',
    (t) => {
      t.blockSize = 16;
    },
    "expected blockSize at most the layer's 13 columns, got 16 (layer [10, 13])",
  ],
  [
    'tables of another type',
    (t) => {
      t.groupRows = Array.from(t.groupRows) as never;
    },
    'expected groupRows a Uint32Array',
  ],
  [
    'values of another type',
    (t) => {
      t.values = Float64Array.from(t.values) as never;
    },
    'expected values a Float32Array',
  ],
  [
    'rows missing',
    (t) => {
      t.groupRows = t.groupRows.slice(1);
    },
    'expected groupRows of length 12, got 11',
  ],
  [
    'a row out of range',
    (t) => {
      t.groupRows[5] = 10;
    },
    'group 1, row slot 1: expected a row below 10, got 10',
  ],
  [
    'padding among rows',
    (t) => {
      t.groupRows[2] = PADDING;
    },
    'group 0, row slot 2: expected a row below 10, got padding 0xffffffff',
  ],
  [
    'a row in two groups',
    (t) => {
      t.groupRows[6] = 1;
    },
    'group 1, row slot 2: expected every row once, got row 1 again (first in group 0, row slot 1)',
  ],
  [
    'a row in place of padding',
    (t) => {
      t.groupRows[11] = 0;
    },
    'group 2, row slot 3: expected padding 0xffffffff, got row 0',
  ],
  [
    'a group missing',
    (t) => {
      t.groupStart = t.groupStart.slice(0, 3);
    },
    'expected groupStart of length 4, got 3',
  ],
  [
    'half a block',
    (t) => {
      t.blockColumns = t.blockColumns.slice(0, 26);
    },
    'expected blockColumns a multiple of blockSize 4, got length 26',
  ],
  [
    'a late first block',
    (t) => {
      t.groupStart[0] = 1;
    },
    'group 0: expected groupStart 0, got 1',
  ],
  [
    'starts that fall',
    (t) => {
      t.groupStart[2] = 3;
    },
    'group 2: expected groupStart at least 4, got 3',
  ],
  [
    'starts beyond the blocks',
    (t) => {
      t.groupStart[3] = 8;
    },
    'expected groupStart to end at 7 blocks, got 8 in group 3',
  ],
  [
    'blocks of no group',
    (t) => {
      t.groupStart[3] = 6;
    },
    'expected groupStart to end at 7 blocks, got 6 in group 3',
  ],
  [
    'a column out of range',
    (t) => {
      t.blockColumns[17] = 13;
    },
    'group 1, block 4, column slot 1: expected a column below 13, got 13',
  ],
  [
    'a column twice in a block',
    (t) => {
      t.blockColumns[19] = 5;
    },
    'group 1, block 4, column slot 3: expected distinct columns within a group, got column 5 again',
  ],
  [
    'a column in two blocks of a group',
    (t) => {
      t.blockColumns[24] = 6;
    },
    'group 2, block 6, column slot 0: expected distinct columns within a group, got column 6 again',
  ],
  [
    'padding before the last block',
    (t) => {
      t.blockColumns[11] = PADDING;
    },
    'group 0, block 2, column slot 3: expected a column below 13, got padding 0xffffffff',
  ],
  [
    'a block of padding only',
    (t) => {
      t.blockColumns[12] = PADDING;
    },
    'group 0, block 3, column slot 0: expected a column below 13, got padding 0xffffffff',
  ],
  [
    'a column after padding',
    (t) => {
      t.blockColumns[26] = PADDING;
    },
    'group 2, block 6, column slot 3: expected padding 0xffffffff after padding, got column 7',
  ],
  [
    'padding where whole blocks fit',
    (t) => {
      t.columns = 12;
      t.blockColumns[12] = 0;
      t.blockColumns = Uint32Array.of(...t.blockColumns.slice(0, 12), ...t.blockColumns.slice(16));
      t.groupStart = Uint32Array.of(0, 3, 4, 6);
      t.blockColumns[23] = PADDING;
    },
    'group 2, block 5, column slot 3: expected a column below 12, got padding 0xffffffff',
  ],
  [
    'values missing',
    (t) => {
      t.values = t.values.slice(4);
    },
    'expected values of length 112, got 108',
  ],
  [
    'a value in a padded column',
    (t) => {
      t.values[14 * 4 + 3] = 2;
    },
    'group 0, block 3, column slot 2, row slot 3: expected padded value 0, got 2',
  ],
  [
    'a value in a padded row',
    (t) => {
      t.values[21 * 4 + 2] = Number.NaN;
    },
    'group 2, block 5, column slot 1, row slot 2: expected padded value 0, got NaN',
  ],
];

describe('validate', () => {
  it('accepts valid tables', () => {
    const blocks = ShuffledBlocks.fromTables(validTables());
    expect(blocks.validate()).toBe(blocks);
    expect([blocks.numGroups, blocks.numBlocks, blocks.numNonzero]).toEqual([3, 7, 13 * 4 + 4 * 4 + 8 * 2]);
    expect(blocks.density).toBeCloseTo(84 / 130, 12);
  });

  it('takes memory and time for what the tables hold, not for what the shape says', () => {
    const start = performance.now();
    ShuffledBlocks.fromTables({
      ...{ rows: 4, columns: 700_000_001, blockSize: 4 },
      groupRows: Uint32Array.of(3, 1, 0, 2),
      groupStart: Uint32Array.of(0, 1),
      blockColumns: Uint32Array.of(9, 700_000_000, 5, 6),
      values: new Float32Array(16),
    });
    expect(performance.now() - start).toBeLessThan(200);
  });

  it.each(VIOLATIONS)('refuses %s', (_, damage, message) => {
    const tables = validTables();
    damage(tables);
    const refused = new InputError(`ShuffledBlocks.fromTables: ${message}`);
    expect(() => ShuffledBlocks.fromTables(tables)).toThrow(refused);
    expect(() => new ShuffledBlocks(tables).validate()).toThrow(new InputError(`ShuffledBlocks: ${message}`));
  });
});
