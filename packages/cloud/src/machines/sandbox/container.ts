import { setTimeout as wait } from "node:timers/promises";
import { splitLines } from "../logging.ts";
import { kill, memoryOf, stopAll } from "./process-tree.ts";
import type { Exit, Launch, Sandbox } from "./sandbox.ts";

/** SIGTERM to SIGKILL, in the computer's time: https://cloud.google.com/run/docs/container-contract#instance-shutdown */
export const graceMs = 10_000;

const tailLines = 20;
const tailChars = 4000;

/** A running container: one program and what it starts. */
export interface Container {
  readonly holder: number;
  pid(): number | undefined;
  readonly exited: Promise<Exit>;
  /** The last lines that it wrote, bounded. */
  tail(): string;
  /** Bytes of memory and of its disk, which is memory. */
  memoryBytes(): number;
  /** Takes its CPU away, or gives it back. */
  freeze(): void;
  thaw(): void;
  /** SIGTERM, and SIGKILL after the grace. Resolves when nothing of it is left. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL. */
  destroy(): void;
}

/** Starts a container; each line that it writes goes to `line`. */
export async function runContainer(options: {
  readonly sandbox: Sandbox;
  readonly launch: Launch;
  readonly line: (stream: "stdout" | "stderr", text: string) => void;
}): Promise<Container> {
  const { line } = options;
  const program = await options.sandbox.launch(options.launch);
  const last: string[] = [];
  const closing: Promise<void>[] = [];
  for (const name of ["stdout", "stderr"] as const) {
    closing.push(new Promise((resolve) => program[name].once("close", resolve)));
    splitLines(program[name], (text) => {
      last.push(text.length > 500 ? `${text.slice(0, 500)}…` : text);
      if (last.length > tailLines) last.shift();
      line(name, text);
    });
  }
  let frozen = false;
  let gone = false;
  /** What it wrote before its end is read before its end is told; a process that outlives it may hold the pipe open. */
  const exited = program.exited.then(async (exit) => {
    gone = true;
    await Promise.race([Promise.all(closing), wait(500)]);
    return exit;
  });

  const thaw = (): void => {
    if (!frozen) return;
    frozen = false;
    for (const pid of program.processes()) kill(pid, "SIGCONT");
  };

  return {
    holder: program.holder,
    pid: program.main,
    exited,
    tail: () => last.join("\n").slice(-tailChars),
    memoryBytes: () => memoryOf(program.processes()) + program.diskBytes(),
    freeze: () => {
      if (frozen || gone) return;
      frozen = true;
      stopAll(program.processes);
    },
    thaw,
    stop: async (how = {}) => {
      const pid = program.main();
      thaw();
      if (pid === undefined || !kill(pid, "SIGTERM")) program.destroy();
      const late = setTimeout(program.destroy, how.graceMs ?? graceMs);
      await exited;
      clearTimeout(late);
    },
    destroy: program.destroy,
  };
}
