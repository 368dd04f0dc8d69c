import type { FailureCode } from "./failures.ts";

/** One thing that is wrong, where several are told together. */
export interface Problem {
  /** Where: a field's path (`services.api.env.PORT`), a file and line, a resource's address. */
  readonly at?: string;
  readonly what: string;
  /** The command or edit that mends it. */
  readonly next?: string;
}

export interface FailureInit {
  readonly code: FailureCode;
  /** What happened, one sentence, no trailing newline, never a secret's value. */
  readonly what: string;
  readonly why?: string;
  /** The command (or edit) that mends it. */
  readonly next?: string;
  readonly problems?: readonly Problem[];
  readonly cause?: unknown;
}

/**
 * Something that went wrong in a way we foresaw. It has a stable code (see `failures.ts`, the one table of codes,
 * exit codes and texts), says what happened and why, and names the command that mends it. Anything else that is
 * thrown is a bug.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly what: string;
  readonly why: string | undefined;
  readonly next: string | undefined;
  readonly problems: readonly Problem[];

  constructor(init: FailureInit) {
    super(init.what, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "Failure";
    this.code = init.code;
    this.what = init.what;
    this.why = init.why;
    this.next = init.next;
    this.problems = init.problems ?? [];
  }

  /** The shape of `--json`: `{"error":{"code","what","why","next","problems"}}`. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      what: this.what,
      ...(this.why === undefined ? {} : { why: this.why }),
      ...(this.next === undefined ? {} : { next: this.next }),
      ...(this.problems.length === 0 ? {} : { problems: this.problems }),
    };
  }
}

/** The text of anything that was thrown, for a message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
