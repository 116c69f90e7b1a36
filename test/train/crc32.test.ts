// CRC-32 against published values and against the definition, bit by bit.

import { expect, it } from 'vitest';
import { Random } from '../../src/tensor/index.js';
import { crc32 } from '../../src/train/files/crc32.js';

/** Division of the message by the polynomial, a bit at a time. */
function reference(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const carry = (remainder ^ (byte >> bit)) & 1;
      remainder = (remainder >>> 1) ^ (carry ? 0xedb88320 : 0);
    }
  }
  return ~remainder >>> 0;
}

it('gives the check value of the standard', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array())).toBe(0);
});

it('agrees with the definition, in one piece and in two', () => {
  const random = new Random(1);
  for (let length = 1; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    const cut = random.below(length);
    expect(crc32(bytes)).toBe(reference(bytes));
    expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(reference(bytes));
  }
});
