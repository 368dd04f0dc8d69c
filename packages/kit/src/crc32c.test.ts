import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

test("crc32c: the check value of the Castagnoli polynomial, RFC 3720's zeros, and chunks that add up", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from("6789"), crc32c(Buffer.from("12345")))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array())).toBe(0);
});
