import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/*
 * What Encrypt answers looks like Google's: two fields of a protobuf message. Field 1, 36 bytes that begin with a zero
 * (so base64 begins with `CiQA`), tells which version of which key made it; field 2 is a nonce, the data and its tag.
 */

/** Bytes, without the leading zero. */
export const hintBytes = 35;
const nonceBytes = 12;
const tagBytes = 16;
const head = Buffer.of(0x0a, hintBytes + 1, 0);

export function seal(key: Uint8Array, hint: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  const body = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat([head, hint, Buffer.of(0x12), varint(body.length), body]);
}

/** The two parts of a ciphertext; undefined for what cannot be one. */
export function parse(ciphertext: Uint8Array): { readonly hint: Uint8Array; readonly body: Uint8Array } | undefined {
  const bytes = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.length);
  const bodyAt = head.length + hintBytes;
  if (!bytes.subarray(0, head.length).equals(head) || bytes[bodyAt] !== 0x12) return undefined;
  for (let size = 1; size <= 3; size++) {
    const start = bodyAt + 1 + size;
    const length = bytes.length - start;
    if (length < nonceBytes + tagBytes) return undefined;
    if (varint(length).equals(bytes.subarray(bodyAt + 1, start))) {
      return { hint: bytes.subarray(head.length, bodyAt), body: bytes.subarray(start) };
    }
  }
  return undefined;
}

/** The plaintext; undefined when key, authenticated data and ciphertext do not belong together. */
export function open(key: Uint8Array, body: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  const end = body.length - tagBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, body.subarray(0, nonceBytes))
    .setAAD(aad)
    .setAuthTag(body.subarray(end));
  try {
    return Buffer.concat([decipher.update(body.subarray(nonceBytes, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}
