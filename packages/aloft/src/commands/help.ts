import { Failure } from "@aloft/kit/failure";
import { type Answer, type Command, defineCommand, type Flags } from "./command.ts";
import { aliases, commands, loadCommand } from "./index.ts";
import { globalFlags, groupOf } from "./parse.ts";
import { nearest } from "./suggest.ts";
import { unbuilt, unimplemented } from "./unbuilt.ts";

export const command = defineCommand({
  name: "help",
  summary: "Say what the commands are, or how to use one",
  args: [
    { name: "COMMAND", what: "a command, or a group such as secrets" },
    { name: "SUBCOMMAND", what: "a command of the group" },
  ],
  examples: ["aloft help", "aloft help secrets set"],
  run: async (ctx): Promise<Answer<Help>> => {
    const typed = ctx.args.join(" ");
    const name = aliases[typed] ?? typed;
    if (name === "") return { data: { commands: await describe(Object.keys(commands)), flags: globalFlags } };
    const group = groupOf(name);
    if (group.length > 0) return { data: { commands: await describe(group), flags: globalFlags } };
    const [one] = await describe([name]);
    if (one === undefined) throw Object.hasOwn(unbuilt, name) ? unimplemented(name) : unknown(name);
    return { data: { command: one, flags: globalFlags } };
  },
  text: (data: Help) => (data.command === undefined ? listText(data.commands ?? []) : oneText(data.command)),
});

interface Help {
  /** All commands, or those of a group. */
  readonly commands?: readonly Described[];
  readonly command?: Described;
  readonly flags: Flags;
}

type Described = Pick<Command, "name" | "summary" | "about" | "args" | "flags" | "uses" | "examples">;

async function describe(names: readonly string[]): Promise<Described[]> {
  const loaded = await Promise.all(names.map((name) => loadCommand(name)));
  return loaded
    .filter((one) => one !== undefined)
    .map(({ name, summary, about, args, flags, uses, examples }) => ({
      name,
      summary,
      ...(about === undefined ? {} : { about }),
      ...(args === undefined ? {} : { args }),
      ...(flags === undefined ? {} : { flags }),
      ...(uses === undefined ? {} : { uses }),
      examples,
    }));
}

function unknown(name: string): Failure {
  const meant = nearest(name, Object.keys(commands));
  return new Failure({
    code: "USAGE",
    what: `there is no command "${name}"`,
    next: meant === undefined ? "aloft help" : `did you mean: aloft help ${meant}`,
  });
}

/** `aloft secrets set NAME [flags]` */
export function usageOf(command: Described): string {
  const args = (command.args ?? []).map(({ name, required, many }) => {
    const shown = many === true ? `${name} …` : name;
    return required === true ? shown : `[${shown}]`;
  });
  return ["aloft", command.name, ...args, "[flags]"].join(" ");
}

function listText(list: readonly Described[]): string {
  return [
    "Aloft: from a laptop to Google Cloud Run.",
    "",
    ...columns(list.map(({ name, summary }) => [name, summary])),
    "",
    "Everywhere:",
    ...flagLines(globalFlags),
    "",
    "aloft help COMMAND says more.",
  ].join("\n");
}

function oneText(command: Described): string {
  const args = (command.args ?? []).map(({ name, what }): [string, string] => [name, what]);
  const dropped = (["only", "dry-run"] as const).filter((flag) => command.uses?.includes(flag) !== true);
  const everywhere = Object.fromEntries(
    Object.entries(globalFlags).filter(([name]) => !dropped.some((d) => d === name)),
  );
  return [
    `${command.summary}.`,
    ...(command.about === undefined ? [] : ["", command.about]),
    "",
    `  ${usageOf(command)}`,
    ...(args.length === 0 ? [] : ["", ...columns(args)]),
    ...(command.flags === undefined ? [] : ["", "Flags:", ...flagLines(command.flags)]),
    "",
    "Everywhere:",
    ...flagLines(everywhere),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
  ].join("\n");
}

function flagLines(flags: Flags): string[] {
  return columns(
    Object.entries(flags).map(([name, flag]) => [
      `${flag.short === undefined ? "    " : `-${flag.short}, `}--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
      flag.what,
    ]),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
