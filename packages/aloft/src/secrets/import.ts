import { parseEnv } from "node:util";
import { Failure } from "@aloft/kit/failure";
import { Redacted } from "@aloft/kit/redaction";
import { type DeclaredSecret, findDeclared } from "./declared.ts";
import type { SecretManager } from "./manager.ts";
import { checkSize, type WriteOptions, type Written, writeSecret } from "./write.ts";

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export interface Imported {
  readonly written: readonly Written[];
  readonly skipped: readonly Skipped[];
  /** Declared, and not in the file. */
  readonly missing: readonly string[];
}

interface Item {
  readonly secret: DeclaredSecret;
  readonly value: Redacted<Uint8Array>;
}

/** What of a `.env` file's text belongs to declared secrets, and what is left. No calls. */
export function sortEnv(text: string, declared: readonly DeclaredSecret[]): { items: Item[]; skipped: Skipped[] } {
  const items = new Map<string, Item>();
  const skipped: Skipped[] = [];
  for (const [name, value] of Object.entries(parseEnv(text))) {
    const secret = findDeclared(name, declared);
    if (secret === undefined) skipped.push({ name, why: "not a secret of this file" });
    else if (secret.derivedFrom !== undefined) skipped.push({ name, why: `comes from ${secret.derivedFrom}` });
    else if (value === undefined || value === "") skipped.push({ name, why: "empty" });
    else items.set(secret.id, { secret, value: new Redacted<Uint8Array>(Buffer.from(value, "utf8")) });
  }
  return { items: [...items.values()], skipped };
}

/** Writes what differs, a few at once. Sizes are checked before the first write. */
export async function importEnv(
  text: string,
  declared: readonly DeclaredSecret[],
  manager: SecretManager,
  options: WriteOptions,
): Promise<Imported> {
  const { items, skipped } = sortEnv(text, declared);
  if (items.length === 0 && skipped.length === 0) {
    throw new Failure({ code: "INPUT_INVALID", what: "the file has no NAME=VALUE line" });
  }
  for (const { secret, value } of items) checkSize(secret.id, value);
  const written: Written[] = [];
  const waiting = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, { secret, value }] = next;
      written[at] = await writeSecret(secret, value, manager, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(8, items.length) }, worker));
  const given = new Set(items.map(({ secret }) => secret.id));
  const missing = declared.filter((one) => one.derivedFrom === undefined && !given.has(one.id)).map(({ id }) => id);
  return { written, skipped, missing };
}
