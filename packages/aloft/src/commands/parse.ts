import { parseArgs } from "node:util";
import { Failure } from "@aloft/kit/failure";
import type { Argument, Command, Flag, Flags, GlobalFlags } from "./command.ts";
import { aliases, commands } from "./index.ts";
import { nearest } from "./suggest.ts";
import { unbuilt, unimplemented } from "./unbuilt.ts";

/** The same for every command. */
export const globalFlags = {
  env: { type: "string", short: "e", value: "NAME", what: "the environment (default: ALOFT_ENV, else local)" },
  json: { type: "boolean", what: "answer in JSON; long work writes one document a line" },
  yes: { type: "boolean", short: "y", what: "approve changes (never the deletion of data)" },
  only: { type: "string", value: "X", multiple: true, what: "only this resource or check, and what it needs" },
  "dry-run": { type: "boolean", what: "say what would be done, and do nothing" },
  config: { type: "string", value: "FILE", what: "the config (default: aloft.config.ts here or above)" },
  confirm: { type: "string", value: "APP", what: "approve the deletion of this app's data" },
  help: { type: "boolean", short: "h", what: "how to use the command" },
  version: { type: "boolean", short: "v", what: "Aloft's version" },
} as const satisfies Flags;

export interface Words {
  /** The command's name; undefined: none was given. */
  readonly name: string | undefined;
  /** Everything but the name's words. */
  readonly rest: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  readonly json: boolean;
}

/** Finds the command's name among the words. Throws USAGE for an unknown one, UNIMPLEMENTED for one not built yet. */
export function findCommand(argv: readonly string[]): Words {
  const { tokens, values } = parseArgs({
    args: [...argv],
    options: globalFlags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find((token) => token.kind === "option-terminator")?.index ?? argv.length;
  const found = tokens.filter((token) => token.kind === "positional" && token.index < end);
  const [first, second] = found.map((token) => argv[token.index] ?? "");
  const taken = (count: number): string[] => {
    const gone = new Set(found.slice(0, count).map((token) => token.index));
    return argv.filter((_, at) => !gone.has(at));
  };
  const base = { help: values.help === true, version: values.version === true, json: values.json === true };
  if (first === undefined) return { ...base, name: undefined, rest: argv };

  const two = `${first} ${second ?? ""}`.trimEnd();
  for (const [name, count] of [[two, 2] as const, [first, 1] as const]) {
    const known = aliases[name] ?? name;
    if (Object.hasOwn(commands, known)) return { ...base, name: known, rest: taken(Math.min(count, found.length)) };
    if (Object.hasOwn(unbuilt, name)) throw unimplemented(name);
  }
  const group = groupOf(first);
  if (group.length > 0 && second === undefined) return { ...base, name: "help", rest: [first] };
  throw unknownCommand(first, second, group);
}

/** The commands of a group: `cloud` → `cloud start`, … */
export function groupOf(word: string): string[] {
  return Object.keys(commands).filter((name) => name.startsWith(`${word} `));
}

function unknownCommand(first: string, second: string | undefined, group: readonly string[]): Failure {
  // What stands where a command belongs may be a value by mistake: only what looks like a word is repeated.
  const word = (text: string | undefined): string => (/^[a-z-]{1,24}$/i.test(text ?? "") ? (text ?? "") : "…");
  const typed = group.length > 0 ? `${first} ${word(second)}` : word(first);
  const firstWords = [...Object.keys(commands), ...Object.keys(unbuilt)].map((name) => name.split(" ")[0] ?? name);
  const known =
    group.length > 0
      ? [...group, ...Object.keys(unbuilt)]
          .filter((name) => name.startsWith(`${first} `))
          .map((name) => name.slice(first.length + 1))
      : firstWords;
  const meant = nearest(group.length > 0 ? (second ?? "") : first, known);
  const next = meant === undefined ? undefined : group.length > 0 ? `${first} ${meant}` : meant;
  return new Failure({
    code: "USAGE",
    what: `there is no command "${typed}"`,
    next:
      next === undefined ? (group.length > 0 ? `aloft help ${first}` : "aloft help") : `did you mean: aloft ${next}`,
  });
}

export interface Parsed {
  readonly flags: Readonly<Record<string, boolean | string | readonly string[] | undefined>>;
  readonly args: readonly string[];
  readonly global: GlobalFlags;
}

/** The command's own flags, the global ones and the arguments. Throws USAGE. */
export function parseCommand(command: Command, rest: readonly string[], environ: NodeJS.ProcessEnv): Parsed {
  const options: Flags = { ...globalFlags, ...command.flags };
  const { values, positionals } = strictly(command, rest, options);
  for (const flag of ["only", "dry-run"] as const) {
    if (values[flag] !== undefined && command.uses?.includes(flag) !== true) {
      throw usage(command, `aloft ${command.name} takes no --${flag}`);
    }
  }
  checkArguments(command, positionals);
  const text = (name: string): string | undefined => {
    const value = values[name];
    if (value === "") throw usage(command, `--${name} needs a value`);
    return typeof value === "string" ? value : undefined;
  };
  const config = text("config");
  const confirm = text("confirm");
  return {
    flags: values,
    args: positionals,
    global: {
      env: text("env") ?? (environ.ALOFT_ENV || "local"),
      json: values.json === true,
      yes: values.yes === true,
      only: Array.isArray(values.only) ? values.only.flatMap((value: string) => value.split(",")) : [],
      dryRun: values["dry-run"] === true,
      ...(config === undefined ? {} : { config }),
      ...(confirm === undefined ? {} : { confirm }),
    },
  };
}

function strictly(command: Command, rest: readonly string[], options: Flags) {
  try {
    const plain = Object.fromEntries(Object.entries(options).map(([name, flag]) => [name, parserFlag(flag)]));
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: plain,
      strict: true,
      allowPositionals: true,
    });
    return { values: values as Parsed["flags"], positionals };
  } catch (thrown) {
    throw flagFailure(command, thrown, Object.keys(options));
  }
}

const parserFlag = (flag: Flag) => ({
  type: flag.type,
  ...(flag.short === undefined ? {} : { short: flag.short }),
  ...(flag.multiple === undefined ? {} : { multiple: flag.multiple }),
});

function flagFailure(command: Command, thrown: unknown, known: readonly string[]): Failure {
  const { code, message } = thrown as { code?: string; message: string };
  const flag = /'(?:-\w, )?(--?[^\s'=]+)/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    // `--value VALUE`: the same mistake as one argument too many.
    if (flag === "--value" && command.tooMany !== undefined) throw new Failure({ code: "USAGE", ...command.tooMany });
    const meant = nearest(flag.replace(/^--?/, ""), known);
    const what = `aloft ${command.name} takes no flag ${flag}`;
    return meant === undefined
      ? usage(command, what)
      : new Failure({ code: "USAGE", what, next: `did you mean: --${meant}` });
  }
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    if (message.includes("does not take")) return usage(command, `${flag} takes no value`);
    const dash = message.includes("ambiguous") ? `; one that begins with a dash is written ${flag}=VALUE` : "";
    return usage(command, `${flag} needs a value${dash}`);
  }
  throw thrown;
}

function checkArguments(command: Command, given: readonly string[]): void {
  const takes: readonly Argument[] = command.args ?? [];
  if (given.length > takes.length && takes.at(-1)?.many !== true) {
    if (command.tooMany !== undefined) throw new Failure({ code: "USAGE", ...command.tooMany });
    const count =
      takes.length === 0 ? "no argument" : takes.length === 1 ? "one argument" : `${takes.length} arguments`;
    throw usage(
      command,
      `aloft ${command.name} takes ${count}, ${given.length} ${given.length === 1 ? "was" : "were"} given`,
    );
  }
  const missing = takes.find((argument, at) => argument.required === true && (given[at] ?? "") === "");
  if (missing !== undefined) throw usage(command, `aloft ${command.name} needs ${missing.name}: ${missing.what}`);
}

function usage(command: Command, what: string): Failure {
  return new Failure({ code: "USAGE", what, next: `aloft help ${command.name}` });
}
