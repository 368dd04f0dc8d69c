/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720 appendix B.4), as Google's APIs use it. Eight bytes a
 * step ("slicing by 8"): row `n` of the table is a byte's checksum with `n` zero bytes after it.
 */
const table = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  table[byte] = crc;
}
for (let at = 256; at < table.length; at++) {
  const before = table[at - 256] as number;
  table[at] = (before >>> 8) ^ (table[before & 0xff] as number);
}

const row = (n: number, byte: number): number => table[n * 256 + byte] as number;

/** The checksum of `data` as an unsigned 32-bit number. `previous` continues over several chunks. */
export function crc32c(data: Uint8Array, previous = 0): number {
  const byteAt = (index: number): number => data[index] as number;
  const whole = data.length - (data.length % 8);
  let crc = ~previous;
  let at = 0;
  for (; at < whole; at += 8) {
    const first = crc ^ (byteAt(at) | (byteAt(at + 1) << 8) | (byteAt(at + 2) << 16) | (byteAt(at + 3) << 24));
    crc =
      row(7, first & 0xff) ^
      row(6, (first >>> 8) & 0xff) ^
      row(5, (first >>> 16) & 0xff) ^
      row(4, first >>> 24) ^
      row(3, byteAt(at + 4)) ^
      row(2, byteAt(at + 5)) ^
      row(1, byteAt(at + 6)) ^
      row(0, byteAt(at + 7));
  }
  for (; at < data.length; at++) crc = (crc >>> 8) ^ row(0, (crc ^ byteAt(at)) & 0xff);
  return ~crc >>> 0;
}
