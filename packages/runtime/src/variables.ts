/** Variables that a program needs and did not get, all told together; names and rules only, never a value. */
export class EnvError extends Error {
  /** One sentence a variable: `PORT is not a number`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length === 1 ? "a variable is" : `${problems.length} variables are`} wrong: ${problems.join("; ")}`,
    );
    this.name = "EnvError";
    this.problems = problems;
  }
}

/** Where variables come from: `process.env`, or a test's own. */
export type Variables = Readonly<Record<string, string | undefined>>;
