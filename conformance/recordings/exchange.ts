import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

// biome-ignore lint/suspicious/noExplicitAny: JSON as somebody else recorded it, looked into without ceremony
export type Answer = any;

/** One request and what the real cloud answered. Placeholders (`${projectId}`) stand in all of it. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body?: Answer;
  readonly status: number;
  readonly response?: Answer;
}

export interface Recording {
  /** `secretmanager/secretmanagersecret.basicsecretmanagersecret.json` */
  readonly name: string;
  /** Whole, with real ids: not normalised. */
  readonly live: boolean;
  readonly exchanges: readonly Exchange[];
}

/** Every recording in `dir/SERVICE/*.json`, by name; undefined where there is no such folder. */
export function readRecordings(dir: string): readonly Recording[] | undefined {
  if (!existsSync(dir)) return undefined;
  return globSync("*/*.json", { cwd: dir })
    .toSorted()
    .map((name) => ({
      name,
      live: name.endsWith(".live.json"),
      exchanges: JSON.parse(readFileSync(join(dir, name), "utf8")) as readonly Exchange[],
    }));
}
