import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Failure } from "@aloft/kit/failure";
import type { Vault } from "../host.ts";

const keyFile = "vault.key";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** First byte of what `seal` makes. */
const format = 1;

/**
 * Seals small payloads with AES-256-GCM. The key is `vault.key` (mode 0600) in `dir`, made when missing; without `dir`
 * it is kept in memory, or is `key`. Throws `Failure` STATE_CORRUPT for a key file that is none.
 */
export function createVault(
  options: { readonly dir?: string | undefined; readonly key?: Uint8Array | undefined } = {},
): Vault {
  const key = options.dir === undefined ? (options.key ?? randomBytes(keyBytes)) : readKey(options.dir);
  return {
    seal: (plain, context) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([Buffer.of(format), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open: (sealed, context) => {
      try {
        if (sealed[0] !== format || sealed.length < 1 + nonceBytes + tagBytes) throw new Error("unknown form");
        const body = sealed.length - tagBytes;
        const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(1, 1 + nonceBytes))
          .setAAD(Buffer.from(context))
          .setAuthTag(sealed.subarray(body));
        return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, body)), decipher.final()]);
      } catch (cause) {
        throw new Failure({
          code: "STATE_CORRUPT",
          what: `A sealed payload (${context}) cannot be opened.`,
          why: `It was damaged, or sealed with another ${keyFile} than the one in the state folder.`,
          next: `Put back the ${keyFile} that belongs to this state, or begin with an empty cloud: aloft cloud reset.`,
          cause,
        });
      }
    },
  };
}

function readKey(dir: string): Buffer {
  const path = join(dir, keyFile);
  if (!existsSync(path)) makeKey(dir, path);
  const key = readFileSync(path);
  if (key.length !== keyBytes) {
    throw new Failure({
      code: "STATE_CORRUPT",
      what: `${path} is not a key: it has ${key.length} bytes in place of ${keyBytes}.`,
      why: "Secret payloads are sealed with it. It was left as it is.",
      next: "Put back a copy of it, or move the state folder away to begin with an empty cloud.",
    });
  }
  chmodSync(path, 0o600);
  return key;
}

/** Whole or not at all, and never over another's: the key is written aside, and linked to its name. */
function makeKey(dir: string, path: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const aside = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const file = openSync(aside, "wx", 0o600);
  try {
    writeSync(file, randomBytes(keyBytes));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(aside, path);
  } catch (thrown) {
    if (!existsSync(path)) throw thrown;
  } finally {
    rmSync(aside, { force: true });
  }
}
