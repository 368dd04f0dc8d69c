import type { Google } from "@aloft/google";
import type { Clock } from "@aloft/kit/clock";
import type { Graph } from "../app/graph.ts";

/** One thing that was looked at. */
export interface Finding {
  /** `redis queue: answers`, `secret GEMINI_API_KEY`. */
  readonly about: string;
  /** `unknown`: it could not be looked at from here; that is no failure. */
  readonly state: "ok" | "failed" | "unknown";
  /** What was seen. Never a secret's value. */
  readonly detail: string;
  /** The command that mends it. */
  readonly next?: string;
  readonly ms?: number;
}

export interface CheckContext {
  readonly graph: Graph;
  readonly google: Google;
  /** Where a service's URL is reached from here: itself, or on the local cloud a plain loopback address. */
  readonly reach: (url: string) => string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** A check of `aloft doctor`: it looks, changes nothing that lasts, and tells one finding after the other. */
export interface Check {
  /** As in `--only`. */
  readonly name: string;
  readonly summary: string;
  run(at: CheckContext): AsyncIterable<Finding>;
}
