import type { Clock } from "@aloft/kit/clock";
import type { Failure } from "@aloft/kit/failure";
import type { Paint } from "../ui/paint.ts";
import type { Ui, UiEvent } from "../ui/ui.ts";

export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What stands for the value in help: `NAME`. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly what: string;
}

export type Flags = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F["type"] extends "boolean"
  ? boolean
  : F extends { readonly multiple: true }
    ? readonly string[]
    : string;

/** Flags as parsed: absent is undefined. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]?: FlagValue<F[K]> };

export interface Argument {
  /** As in help: `NAME`. */
  readonly name: string;
  readonly required?: boolean;
  /** The last one may: it takes all that is left. */
  readonly many?: boolean;
  readonly what: string;
}

/** What every command understands. */
export interface GlobalFlags {
  /** `--env`, else `ALOFT_ENV`, else `local`. */
  readonly env: string;
  readonly json: boolean;
  /** Approves changes, never the deletion of data. */
  readonly yes: boolean;
  /** Addresses or names; empty: everything. */
  readonly only: readonly string[];
  readonly dryRun: boolean;
  readonly config?: string;
  /** The app's name: approves the deletion of data. */
  readonly confirm?: string;
}

export interface Context<F extends Flags = Flags> {
  readonly flags: FlagValues<F>;
  readonly global: GlobalFlags;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environ: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly ui: Ui;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Answer<T = unknown> {
  readonly data: T;
  /** Told after the data, and what the exit code comes from: the answer is worth showing, and something is wrong. */
  readonly failure?: Failure;
  /** 0 by default. */
  readonly exit?: number;
}

/**
 * A command is data in a file of its own. It returns what it found; `text` says it to people. The module is loaded when
 * the command is used, so it imports light things only: the engine comes by `session.ts`, when `run` asks for it.
 */
export interface CommandSpec<F extends Flags, T> {
  /** `secrets set` */
  readonly name: string;
  /** One line for `aloft help`. */
  readonly summary: string;
  /** More for `aloft help NAME`. */
  readonly about?: string;
  readonly args?: readonly Argument[];
  readonly flags?: F;
  /** Of the global flags those that not every command can honour. */
  readonly uses?: readonly ("only" | "dry-run")[];
  /** What to say to too many arguments, where the usual text would not do. They are never repeated. */
  readonly tooMany?: { readonly what: string; readonly why: string; readonly next: string };
  readonly examples: readonly string[];
  /** It deals with Ctrl-C and SIGTERM itself: `signal` is never aborted. */
  readonly ownSignals?: boolean;
  readonly run: (ctx: Context<F>) => Promise<Answer<T>>;
  /** Bytes are written as they are. */
  readonly text: (data: T, paint: Paint) => string | Uint8Array;
  /** Long work: it writes events (NDJSON with `--json`) before its answer. */
  readonly stream?: {
    readonly to: "answer" | "talk";
    readonly text: (event: UiEvent, paint: Paint) => string | undefined;
  };
}

/** A command with its types forgotten. */
export type Command = CommandSpec<Flags, unknown>;

/** Checks a command's flags and data against each other. */
export function defineCommand<const F extends Flags, T>(spec: CommandSpec<F, T>): Command {
  return spec as unknown as Command;
}
