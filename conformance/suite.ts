/** One kind of judge: a client that nobody here wrote, or what the real cloud answered. A value in `suites.ts`. */
export interface Suite {
  readonly name: string;
  /** What it judges, for `npm run conformance` without a name. */
  readonly about: string;
  /** Names of its options besides `--json` and `--save`: `dir` for `--dir DIR`. */
  readonly options: readonly string[];
  /** Reports each case as it ends. Throws only for what is wrong with the suite itself. */
  readonly run: (options: SuiteOptions, report: Report) => Promise<void>;
}

export type SuiteOptions = Readonly<Record<string, string | undefined>>;

export type Outcome = "ok" | "known" | "failed" | "skip";

export interface Case {
  /** What is totalled together: a service, a language. */
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** What differed, or why it was skipped. A line each. */
  readonly why?: readonly string[];
}

/** `grpc` or `rest`: the door that a method was called through. */
export type Door = "grpc" | "rest";

export interface Report {
  /** A case's end. */
  ended(one: Case): void;
  /** A method of the local cloud answered through a door without an error. It counts when the case that ends next is ok. */
  answered(method: string, door: Door): void;
  /** The version of a program that took part. */
  version(program: string, version: string): void;
}
