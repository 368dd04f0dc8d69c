import type { AccessRow } from "./store.ts";

const mostBytes = 4 << 20;
/** What a row counts besides its payload. */
const overhead = 200;

/** Rows that were accessed, as they are in the database: payloads stay sealed. */
export interface AccessCache {
  get(secret: string, version: number | "latest"): AccessRow | undefined;
  put(secret: string, version: number | "latest", row: AccessRow): void;
  /** After a change of the secret or of any of its versions. */
  forget(secret: string): void;
  clear(): void;
}

export function createAccessCache(): AccessCache {
  const rows = new Map<string, Map<number | "latest", AccessRow>>();
  let bytes = 0;
  const clear = (): void => {
    rows.clear();
    bytes = 0;
  };
  return {
    get: (secret, version) => rows.get(secret)?.get(version),
    put: (secret, version, row) => {
      bytes += overhead + (row.sealed?.length ?? 0);
      if (bytes > mostBytes) clear();
      const versions = rows.get(secret) ?? new Map();
      rows.set(secret, versions.set(version, row));
    },
    forget: (secret) => void rows.delete(secret),
    clear,
  };
}
