import type { Google } from "@aloft/google";
import type { Clock } from "@aloft/kit/clock";
import type { Address } from "../app/graph.ts";
import type { ResourceStatus } from "../plan/engine.ts";
import type { Blocker } from "../plan/plan.ts";

/** Where the resources of one environment live. */
export interface Place {
  readonly app: string;
  readonly env: string;
  readonly project: string;
  readonly region: string;
}

/** A resource as the file wants it. References in `spec` are replaced by their values as far as these are known. */
export interface Want<Spec> {
  readonly address: Address;
  readonly id: string;
  readonly spec: Spec;
  readonly place: Place;
}

/** Values by name; undefined: not known yet. */
export type Outputs = Readonly<Record<string, string | undefined>>;

/** One difference between what is wanted and what is live. */
export interface Change {
  readonly op: "create" | "update" | "replace" | "repair";
  /** The field of the API's resource that carries it, for update masks. */
  readonly field?: string;
  /** In a few words, never a secret's value: `memory 512Mi → 1Gi`. Empty: only the op is said. */
  readonly why: string;
  /** What follows for the user: `new revision`. */
  readonly effect?: string;
}

export interface KindContext {
  readonly google: Google;
  readonly place: Place;
  /** The config's folder. */
  readonly folder: string;
  /** Where images are kept between runs. */
  readonly cache: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Made once a run and key, however many ask: one policy read for all its bindings. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>;
  /** The resource's own server-side condition, as it changes. */
  progress(message: string): void;
}

export interface ApplyContext extends KindContext {
  /** Runs one at a time those of the same key: read-modify-write of one policy. */
  serial<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Whether a grant, an account or an API that this resource needs is of this run: then IAM may not have spread it yet. */
  readonly freshGrant: boolean;
}

/** A resource of ours that is live, whether the file still names it or not. */
export interface Found<Live> {
  readonly id: string;
  readonly live: Live;
}

/** What stays at Google after a deletion, and for how long. */
export interface HeldBack {
  /** In a sentence: what, and what follows from it. */
  readonly what: string;
  /** At most. */
  readonly forMs: number;
  /** The command that brings it back, where one does. */
  readonly next?: string;
}

/**
 * A kind of resource: how it is observed, compared, changed and removed. A value in the list `kinds/index.ts`. `Spec` is what
 * `app/` makes of the file, `Live` what `observe` found. In sync means: equal, ready, serving as meant, and ours.
 */
export interface Kind<Spec, Live> {
  /** As in addresses: `service`. */
  readonly name: string;
  /** Deleting one deletes data. */
  readonly holdsData?: boolean;
  /** What is live; undefined when there is none (or its API is off). Throws `GoogleError`, or `Failure` for bad input. */
  observe(want: Want<Spec>, context: KindContext): Promise<Live | undefined>;
  /** Every difference; `[]` when in sync. Pure. */
  diff(want: Want<Spec>, have: Live | undefined): readonly Change[];
  /** What is live, not in the file, and stays: `labels.team`. Names only. Pure. */
  keeps?(want: Want<Spec>, have: Live): readonly string[];
  /** What only a person can mend before `up`. Pure. */
  blockers?(want: Want<Spec>, have: Live | undefined): readonly Blocker[];
  /** Makes it so; answers what is live then. Called with at least one change. */
  apply(want: Want<Spec>, have: Live | undefined, changes: readonly Change[], context: ApplyContext): Promise<Live>;
  /**
   * Asks Google whether it would take it, and changes nothing. Called for changes whose values are all known. Throws what
   * Google says against it. Kinds without have no such question.
   */
  validate?(want: Want<Spec>, have: Live | undefined, context: KindContext): Promise<void>;
  /** The values that references to it get, as far as they are known from what is live. Pure. */
  outputs(want: Want<Spec>, live: Live | undefined): Outputs;
  /** How `status` tells it. Kinds without are left out there. Pure. */
  status?(want: Want<Spec>, live: Live | undefined): Pick<ResourceStatus, "state" | "url" | "revision" | "message">;
  /** What Google keeps of one after its deletion. Pure. */
  held?(found: Found<Live>, place: Place): readonly HeldBack[];
  /** Whether one that was observed is ours. Kinds without are found by listing alone. Pure. */
  isOurs?(live: Live, place: Place): boolean;
  /** Everything of ours in this environment. */
  listOurs(context: KindContext): Promise<readonly Found<Live>[]>;
  /** Deletes it. Gone already is fine. */
  remove(found: Found<Live>, context: ApplyContext): Promise<void>;
}

/** A kind with its types forgotten: what the planner handles. */
export type AnyKind = Kind<unknown, unknown>;
