import type { Address, Graph } from "../app/graph.ts";

/**
 * What `plan` found and `up` will do. The array of steps that the user approves is the array that runs. Values of secrets
 * are in none of it; secret versions are named by number.
 */
export interface Plan {
  readonly graph: Graph;
  /** In an order in which each comes after what it needs. Unchanged resources are here too. */
  readonly steps: readonly Step[];
  /** What stands between this plan and `up`: all of it, told together. Not empty: `plan` exits 1 and `up` refuses. */
  readonly blockers: readonly Blocker[];
  readonly observedMs: number;
  /** Of a plan that deletes: what Google keeps of what goes. */
  readonly held?: readonly Held[];
}

/** What Google keeps of a resource after its deletion. */
export interface Held {
  readonly address: Address;
  /** In a sentence: what, and what follows from it. */
  readonly what: string;
  /** ISO 8601: at most until then, were it deleted when the plan was made. */
  readonly until: string;
  /** The command that brings it back until then, where one does. */
  readonly next?: string;
}

/** `repair`: as declared, but not ready or not serving. `none`: in sync. `delete`: ours, live, no longer in the file. */
export type StepAction = "create" | "update" | "replace" | "repair" | "delete" | "none";

export interface Step {
  readonly address: Address;
  readonly kind: string;
  readonly id: string;
  readonly action: StepAction;
  /** What follows for the user, before the reasons: `new revision`. */
  readonly effect?: string;
  /** Each difference in a few words: `GEMINI_API_KEY 3 → 4`, `memory 512Mi → 1Gi`. */
  readonly reasons: readonly string[];
  /** What is live, not in the file, and stays: `labels.team`, `env LOG_LEVEL`. Names only. */
  readonly keeps?: readonly string[];
  /** Deleting it deletes data (secrets, Redis, databases, buckets): wants `--confirm APP`. */
  readonly holdsData?: boolean;
  readonly needs: readonly Address[];
}

export interface Blocker {
  readonly address: Address;
  /** `secret GEMINI_API_KEY has no value`. */
  readonly what: string;
  /** `aloft secrets set GEMINI_API_KEY`. */
  readonly next: string;
  readonly code: "SECRET_VALUES_MISSING" | "PERMISSION_DENIED" | "CONFIG_INVALID" | "API_ERROR";
}

/** What `apply` tells while it works; `ui` prints it, `--json` writes it as NDJSON. `time` is ISO 8601. */
export type ApplyEvent =
  | { readonly type: "started"; readonly time: string; readonly resource: Address; readonly action: StepAction }
  /** The resource's own server-side condition, as it changes. */
  | { readonly type: "progress"; readonly time: string; readonly resource: Address; readonly message: string }
  | {
      readonly type: "done";
      readonly time: string;
      readonly resource: Address;
      readonly action: StepAction;
      readonly elapsedMs: number;
    }
  | {
      readonly type: "failed";
      readonly time: string;
      readonly resource: Address;
      readonly elapsedMs: number;
      readonly what: string;
      readonly why?: string;
      readonly next?: string;
    }
  /** Not tried, because what it needs failed. */
  | { readonly type: "skipped"; readonly time: string; readonly resource: Address; readonly because: Address };

export interface ApplyResult {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly elapsedMs: number;
  /** The file's outputs with their values: `{ url: "https://…" }`. Never a secret's. */
  readonly outputs: Readonly<Record<string, string>>;
}
