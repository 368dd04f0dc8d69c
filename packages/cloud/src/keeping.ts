import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Composition } from "./compose.ts";
import { copyFiles, imageOf, listSnapshots, readSnapshot, type Snapshot, writeSnapshot } from "./snapshots.ts";
import type { StateFolder } from "./state-folder.ts";
import { RpcError } from "./wire/rpc-error.ts";

/** What is kept of a cloud, and put in its place again: emptied, as it was before, or by name. */
export interface Keeping {
  /** True while the cloud is being replaced. */
  readonly replacing: boolean;
  reset(): Promise<void>;
  take(): Snapshot;
  /** Everything is as it was when the snapshot was taken, except the clock, which only moves forward. */
  restore(snapshot: Snapshot): Promise<void>;
  save(name: string): void;
  /** Throws NOT_FOUND. */
  restoreNamed(name: string): Promise<void>;
  names(): readonly string[];
  /** Removes what was copied aside. */
  release(): void;
}

export function createKeeping(parts: {
  readonly folder: StateFolder;
  readonly now: () => Composition;
  /** Makes the cloud anew from the folder. */
  readonly renew: () => Composition;
}): Keeping {
  const { folder } = parts;
  const named = new Map<string, Snapshot>();
  const aside: string[] = [];
  let replacing = false;

  const replace = async (fill: () => void): Promise<void> => {
    if (replacing) throw new RpcError("UNAVAILABLE", "The local cloud is being reset.");
    replacing = true;
    try {
      await parts.now().stop();
      parts.now().release();
      folder.wipe();
      fill();
      await parts.renew().resume();
    } finally {
      replacing = false;
    }
  };

  const take = (): Snapshot => {
    const { logs, db } = parts.now().host;
    logs.flush();
    let files: string | undefined;
    if (folder.filesRoot !== undefined) {
      files = mkdtempSync(join(tmpdir(), "aloft-snapshot-"));
      aside.push(files);
      copyFiles(folder.filesRoot, files);
    }
    return { state: imageOf(db.sql), key: folder.vaultKey(), files };
  };

  const find = (name: string): Snapshot | undefined =>
    folder.snapshots === undefined ? named.get(name) : readSnapshot(join(folder.snapshots, name));

  return {
    get replacing() {
      return replacing;
    },
    reset: () => replace(() => undefined),
    take,
    restore: (snapshot) => replace(() => folder.load(snapshot)),
    save: (name) => {
      const snapshot = take();
      if (folder.snapshots === undefined) {
        named.set(name, snapshot);
        return;
      }
      writeSnapshot(join(folder.snapshots, name), snapshot);
      if (snapshot.files !== undefined) rmSync(snapshot.files, { recursive: true, force: true });
    },
    restoreNamed: async (name) => {
      const snapshot = find(name);
      if (snapshot === undefined) throw new RpcError("NOT_FOUND", `There is no snapshot ${name}.`);
      await replace(() => folder.load(snapshot));
    },
    names: () => (folder.snapshots === undefined ? [...named.keys()] : listSnapshots(folder.snapshots)),
    release: () => {
      for (const each of aside) rmSync(each, { recursive: true, force: true });
    },
  };
}
