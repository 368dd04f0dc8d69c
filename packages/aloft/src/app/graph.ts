/** What an `aloft.config.ts` comes to for one environment: plain frozen data, no I/O. */

/** `service/api`, `secret/GEMINI_API_KEY`, `redis/queue`: kind and name in the file. */
export type Address = `${string}/${string}`;

/** A value that another resource gives: known from the file, or only after it was applied (`redis/queue` → `url`). */
export interface Ref {
  readonly $ref: Address;
  /** Which of its outputs: `url`, `host`, `email`, `version`. */
  readonly output: string;
}

export function isRef(value: unknown): value is Ref {
  return typeof value === "object" && value !== null && "$ref" in value;
}

/** One resource as declared. `spec` is what its kind understands, already validated, with `Ref`s inside. */
export interface Resource<Spec = unknown> {
  readonly address: Address;
  readonly kind: string;
  /** The name in the cloud: `storymimi-api`. */
  readonly id: string;
  readonly spec: Spec;
  /** Every address that must be there before: those of the refs in the spec, and what the kind itself needs. */
  readonly needs: readonly Address[];
}

export interface Graph {
  readonly app: string;
  /** The environment's name: `local`, `staging`. */
  readonly env: string;
  readonly project: string;
  readonly region: string;
  /** The folder of the config: relative paths in the file start here. */
  readonly folder: string;
  readonly resources: readonly Resource[];
  /** What the file returned: names to values or refs, printed after `up`. */
  readonly outputs: Readonly<Record<string, unknown>>;
}
