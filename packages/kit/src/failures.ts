/** A row of the one table of failures: its exit code and what `docs/errors.md` says of it. */
export interface FailureKind {
  /** 1: the work failed. 2: the command line or the config is wrong. */
  readonly exit: 1 | 2;
  /** One sentence for `docs/errors.md`: when this is seen. */
  readonly when: string;
}

/** Every code a user can meet, in alphabetical order. `docs/errors.md` is generated from this table. */
export const failures = {
  API_ERROR: { exit: 1, when: "A Google API answered with an error that no more exact code covers." },
  CLOUD_NOT_RUNNING: { exit: 1, when: "The local cloud does not answer where it is expected." },
  CLOUD_START_FAILED: { exit: 1, when: "The local cloud could not be started." },
  CONFIG_INVALID: { exit: 2, when: "`aloft.config.ts` says something that is not allowed; all problems are listed." },
  CONFIG_NOT_FOUND: { exit: 2, when: "There is no `aloft.config.ts` here or in any folder above." },
  CONFIRMATION_NEEDED: { exit: 1, when: "The command would change or delete something and was not approved." },
  CREDENTIALS_MISSING: { exit: 1, when: "No Google credentials were found for an environment that needs them." },
  DEPLOY_FAILED: { exit: 1, when: "`aloft up` could not bring every resource to what the file says." },
  DOCTOR_FAILED: { exit: 1, when: "A check of `aloft doctor` found something wrong." },
  ENTRY_INVALID: { exit: 1, when: "An `entry:` could not be bundled; the compiler's messages are listed." },
  ENV_UNKNOWN: { exit: 2, when: "`--env` names an environment that the file does not have." },
  IMAGE_INVALID: { exit: 1, when: "An image could not be read, or is not for linux/amd64." },
  INPUT_INVALID: { exit: 2, when: "An argument, a flag or an input file is malformed." },
  PERMISSION_DENIED: {
    exit: 1,
    when: "The caller lacks a permission; the message names it and the grant that mends it.",
  },
  PORT_IN_USE: { exit: 1, when: "The port of the local cloud is taken by another program." },
  PROGRAM_MISSING: { exit: 1, when: "A program that this needs is not installed; the message says what to type." },
  REDIS_UNAVAILABLE: { exit: 1, when: "Redis cannot be started or does not answer." },
  SECRET_NOT_FOUND: { exit: 1, when: "A secret, or the version asked for, does not exist." },
  SECRET_VALUES_MISSING: {
    exit: 1,
    when: "Secrets that the file names have no value yet; each is listed with its command.",
  },
  STATE_CORRUPT: { exit: 1, when: "A file under `.aloft/` cannot be read; nothing was changed." },
  STATE_TOO_NEW: { exit: 1, when: "The state under `.aloft/` was written by a newer Aloft; nothing was changed." },
  UNIMPLEMENTED: { exit: 1, when: "The command or option is known, and not built yet." },
  USAGE: { exit: 2, when: "The command line could not be understood." },
} as const satisfies Record<string, FailureKind>;

export type FailureCode = keyof typeof failures;
