import type { Vault } from "../../host.ts";
import type { AccessRow } from "./store.ts";

/** How long a payload that was opened stays so, in ms: one that is read again and again is not opened each time. */
const openMs = 1000;
const mostBytes = 1 << 20;

export interface Opened {
  /** The row's payload, a copy of its own for each caller. */
  payload(row: AccessRow, sealed: Uint8Array, context: string): Uint8Array;
}

/** Opens payloads, and wipes what it kept of them within a second or two. */
export function createOpened(vault: Vault): Opened {
  const kept = new Map<AccessRow, Buffer>();
  let bytes = 0;
  const wipe = (): void => {
    for (const each of kept.values()) each.fill(0);
    kept.clear();
    bytes = 0;
  };
  return {
    payload: (row, sealed, context) => {
      const known = kept.get(row);
      if (known !== undefined) return Buffer.from(known);
      const plain = vault.open(sealed, context);
      if (bytes + plain.length <= mostBytes) {
        if (kept.size === 0) setTimeout(wipe, openMs).unref();
        kept.set(row, Buffer.from(plain));
        bytes += plain.length;
      }
      return plain;
    },
  };
}
