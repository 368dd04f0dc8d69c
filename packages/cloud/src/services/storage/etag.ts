/** Protobuf varints of fields 1, 2, … in base64: how Cloud Storage makes its etags (`CAE=`, `CJizq4jWufkCEAE=`). */
export function etagOf(...numbers: readonly (number | string)[]): string {
  const bytes: number[] = [];
  numbers.forEach((number, index) => {
    bytes.push(((index + 1) << 3) | 0);
    let left = BigInt(number);
    do {
      const low = Number(left & 127n);
      left >>= 7n;
      bytes.push(left === 0n ? low : low | 128);
    } while (left !== 0n);
  });
  return Buffer.from(bytes).toString("base64");
}
