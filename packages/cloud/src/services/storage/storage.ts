import type { Host } from "../../host.ts";
import { type Content, createContent } from "./content.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createStore, type Store } from "./store.ts";

/** What the methods of the service share: one per cloud. */
export interface Storage {
  readonly host: Host;
  readonly store: Store;
  readonly content: Content;
  readonly sessions: Sessions;
  /** Microseconds by the clock, never the same twice, also after a restart. */
  nextGeneration(): number;
  /** Deletes the content files of these that no object names any more. */
  release(files: Iterable<string>): void;
  /** Called after a change that makes work for the clock: an expiry, a lifecycle rule. */
  wake(): void;
  /** Set by the lifecycle. */
  onWake: () => void;
}

export function storageOf(host: Host): Storage {
  return host.shared("storage", () => {
    const store = createStore(host.db);
    const content = createContent(host.files("storage"), host.ids);
    let last = store.lastGeneration();
    const storage: Storage = {
      host,
      store,
      content,
      sessions: createSessions(host.db),
      nextGeneration: () => {
        last = Math.max(last + 1, Math.floor(host.clock.now() * 1000));
        return last;
      },
      release: (files) => {
        for (const file of new Set(files)) if (!store.fileIsKnown(file)) content.drop(file);
      },
      wake: () => storage.onWake(),
      onWake: () => undefined,
    };
    return storage;
  });
}

export const isoOf = (ms: number): string => new Date(ms).toISOString();
