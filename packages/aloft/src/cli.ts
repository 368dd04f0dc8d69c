import { systemClock } from "@aloft/kit/clock";
import { Failure } from "@aloft/kit/failure";
import { failures } from "@aloft/kit/failures";
import type { Command, Context } from "./commands/command.ts";
import { foreseen } from "./commands/foreseen.ts";
import { loadCommand } from "./commands/index.ts";
import { findCommand, parseCommand } from "./commands/parse.ts";
import { aloftVersion } from "./commands/versions.ts";
import { Interrupted } from "./ui/prompt.ts";
import { createUi, type Io, type Texts, type Ui } from "./ui/ui.ts";

/** Runs one command line to its end and answers the exit code: 0 done, 1 failed, 2 usage or config, 130 Ctrl-C. */
export async function main(argv: readonly string[]): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const io: Io = { stdin, stdout, stderr, environ: process.env };
  quietLookups();
  // The reader of a pipe may leave before the end (`aloft logs | head`).
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

  let ui = createUi({ json: argv.includes("--json"), texts: noTexts, io });
  try {
    const words = findCommand(argv);
    if (words.version && words.name === undefined) {
      stdout.write(`${aloftVersion()}\n`);
      return 0;
    }
    const asked = words.help || words.name === undefined;
    const name = asked ? "help" : (words.name ?? "help");
    const rest = asked ? (words.name ?? "").split(" ").filter((word) => word !== "" && word !== "help") : words.rest;
    const command = await loadCommand(name);
    if (command === undefined) throw new Error(`the list names ${name} and has no module for it`);
    ui = createUi({ json: words.json, texts: textsOf(command), io });
    return await run(command, [...rest, ...(asked && words.json ? ["--json"] : [])], { ui, io });
  } catch (thrown) {
    return report(thrown, ui);
  }
}

/** Google's library warns where it finds no metadata server; what follows from it is told as a failure. */
function quietLookups(): void {
  const others = process.listeners("warning");
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name !== "MetadataLookupWarning") for (const tell of others) tell(warning);
  });
}

const noTexts: Texts = { answer: () => "" };

function textsOf(command: Command): Texts {
  return { answer: command.text, ...(command.stream === undefined ? {} : { stream: command.stream }) };
}

async function run(
  command: Command,
  rest: readonly string[],
  at: { readonly ui: Ui; readonly io: Io },
): Promise<number> {
  const { ui, io } = at;
  const parsed = parseCommand(command, rest, io.environ);
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Interrupted());
  };
  if (command.ownSignals !== true) {
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
  }
  try {
    const context: Context = {
      flags: parsed.flags as Context["flags"],
      global: parsed.global,
      args: parsed.args,
      cwd: process.cwd(),
      environ: io.environ,
      stdin: io.stdin,
      ui,
      clock: systemClock,
      signal: stop.signal,
    };
    const answer = await command.run(context);
    ui.answer(answer.data, answer.failure);
    return answer.failure === undefined ? (answer.exit ?? 0) : failures[answer.failure.code].exit;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

function report(thrown: unknown, ui: Ui): number {
  if (thrown instanceof Interrupted || (thrown instanceof Error && thrown.name === "AbortError")) {
    ui.note("interrupted");
    return 130;
  }
  const known = foreseen(thrown);
  ui.failure(known);
  return known instanceof Failure ? failures[known.code].exit : 1;
}
