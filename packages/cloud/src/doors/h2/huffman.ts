/** Lengths in bits of HPACK's codes for the bytes 0 to 255 (RFC 7541, appendix B). The codes themselves follow from them. */
const lengths = [
  "13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28",
  "6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10",
  "13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6",
  "15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28",
  "20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24",
  "22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23",
  "26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27",
  "20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26",
]
  .join(" ")
  .split(" ")
  .map(Number);
const endOfString = { symbol: 256, length: 30 };

/**
 * A tree in one array: the two children of node `n` stand at `2n` and `2n + 1`; a leaf is the symbol's complement.
 * Codes of one length are in the order of their symbols, and shorter ones come first.
 */
const tree = ((): Int16Array => {
  const nodes = new Int16Array(2 * 257);
  const symbols = [...lengths.map((length, symbol) => ({ symbol, length })), endOfString];
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let next = 1;
  let code = 0;
  let before = symbols[0]?.length ?? 0;
  for (const { symbol, length } of symbols) {
    code *= 2 ** (length - before);
    before = length;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (nodes[at] === 0) nodes[at] = next++;
      node = nodes[at] ?? 0;
    }
    nodes[2 * node + (code & 1)] = ~symbol;
    code += 1;
  }
  return nodes;
})();

/** The text that the bytes stand for, a character a byte; undefined where they are no such code. */
export function huffmanText(bytes: Buffer, start: number, end: number): string | undefined {
  const out = Buffer.allocUnsafe(Math.ceil(((end - start) * 8) / 5));
  let length = 0;
  let node = 0;
  // What is left over at the end is the beginning of the end mark: at most seven bits, all of them set.
  let left = 0;
  let allSet = true;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      const set = (byte >>> bit) & 1;
      node = tree[2 * node + set] ?? 0;
      left += 1;
      allSet = allSet && set === 1;
      if (node >= 0) continue;
      if (node === ~endOfString.symbol) return undefined;
      out[length++] = ~node;
      node = 0;
      left = 0;
      allSet = true;
    }
  }
  return left > 7 || !allSet ? undefined : out.toString("latin1", 0, length);
}
