// CRC-32 as in zlib and PNG (ISO 3309, polynomial 0xedb88320 with the bits reversed), a byte at a time by table:
// https://www.w3.org/TR/png-3/#D-CRCAppendix. It finds every damage of up to 32 bits in a row.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/** @param before the value of the bytes before these, to go on from; 0 for none. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  for (let i = 0; i < bytes.length; i++) remainder = TABLE[(remainder ^ bytes[i]) & 0xff] ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
