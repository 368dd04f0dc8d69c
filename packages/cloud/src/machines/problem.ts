import type { RevisionFailure } from "./machines.ts";

/** Why an instance cannot run, in Cloud Run's words: what a user's image, secret or program did. */
export class RevisionProblem extends Error {
  readonly reason: RevisionFailure["reason"];

  constructor(reason: RevisionFailure["reason"], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "RevisionProblem";
    this.reason = reason;
  }

  get failure(): RevisionFailure {
    return { reason: this.reason, message: this.message };
  }
}

/** An image that cannot be read as one. */
export function invalidImage(message: string, cause?: unknown): RevisionProblem {
  return new RevisionProblem("ImageInvalid", message, cause);
}
