import type { Google } from "@aloft/google";
import type { Clock } from "@aloft/kit/clock";
import type { App } from "../app/app.ts";
import type { Address, Graph } from "../app/graph.ts";
import type { ApplyEvent, ApplyResult, Plan } from "./plan.ts";

/** An `aloft.config.ts` that was found and imported. */
export interface LoadedApp {
  readonly app: App;
  /** The config's absolute path. */
  readonly file: string;
  /** Its folder: relative paths in the file start here, `.aloft/` lies here. */
  readonly folder: string;
}

/**
 * `app/load.ts`: imports `config`, or the first `aloft.config.ts` from `cwd` upwards. Throws `Failure` CONFIG_NOT_FOUND,
 * CONFIG_INVALID (it does not compile, throws, or exports no app).
 */
export type LoadConfig = (options: { readonly config?: string; readonly cwd: string }) => Promise<LoadedApp>;

/** `app/evaluate.ts`: the graph of one environment. Throws `Failure` CONFIG_INVALID with all problems, ENV_UNKNOWN. */
export type GraphOf = (
  loaded: LoadedApp,
  env: string,
  options?: { readonly overrides?: { readonly project?: string; readonly region?: string } },
) => Graph;

export interface PlanOptions {
  /** Addresses (`service/api`), names (`api`) or kinds; with all that they need. Nothing is deleted then. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal;
  /** Where images are kept between runs; `<folder>/.aloft/images` by default. */
  readonly cache?: string;
  readonly clock?: Clock;
  /** What the image packer says. */
  readonly onProgress?: (message: string) => void;
}

/** `plan/make-plan.ts`. Throws `Failure` when nothing can be observed at all, and for entries that do not compile. */
export type MakePlan = (graph: Graph, google: Google, options?: PlanOptions) => Promise<Plan>;

/** `plan/make-down-plan.ts`: deletes all that is ours in this environment, in reverse order. */
export type MakeDownPlan = (
  graph: Graph,
  google: Google,
  options?: Pick<PlanOptions, "signal" | "clock">,
) => Promise<Plan>;

export interface ApplyOptions {
  readonly onEvent?: (event: ApplyEvent) => void;
  /** Resources worked on at once, 8 by default. */
  readonly parallelism?: number;
  readonly only?: readonly string[];
  /** The app's name: approves the deletion of data. Without it a plan that deletes data throws CONFIRMATION_NEEDED. */
  readonly confirm?: string;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * `apply/apply-plan.ts`: carries out a plan of `makePlan` or `makeDownPlan` (the object itself: it holds what was observed).
 * Failures of single resources are events and counts, not thrown. Throws `Failure` for a plan with blockers and
 * CONFIRMATION_NEEDED, both before the first write.
 */
export type ApplyPlan = (plan: Plan, google: Google, options?: ApplyOptions) => Promise<ApplyResult>;

/** The live state of one resource of the file. */
export interface ResourceStatus {
  readonly address: Address;
  readonly kind: string;
  readonly id: string;
  /** `pending`: Google is still working on it. `failed`: there, but not ready or not serving. */
  readonly state: "ready" | "pending" | "failed" | "absent" | "unknown";
  /** Of a service: its URL, and the revision that serves. */
  readonly url?: string;
  readonly revision?: string;
  /** The condition's own words, or a detail: `version 4`, `10.0.0.3:6379`. Never a secret's value. */
  readonly message?: string;
}

/** `plan/status.ts`: in the graph's order. */
export type StatusOf = (
  graph: Graph,
  google: Google,
  options?: Pick<PlanOptions, "signal" | "clock">,
) => Promise<readonly ResourceStatus[]>;
