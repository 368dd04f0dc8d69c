import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Failure } from "@aloft/kit/failure";
import { defineCommand } from "./command.ts";
import { openCloud, programFlags, programOptions } from "./exec-cloud.ts";

/** How often a long-running program's files are made anew: its token ends, and a reset forgets it. */
const renewMs = 5 * 60_000;
const forwarded = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"] as const;

export const command = defineCommand({
  name: "exec",
  summary: "Run a program against the local cloud, with nothing else set",
  about:
    "gcloud, gsutil, Terraform and programs with Google's libraries take the local cloud for Google: their calls go\n" +
    "through it as a proxy, with a certificate that this run alone trusts. No call of theirs reaches the real Google.",
  args: [{ name: "COMMAND", required: true, many: true, what: "the program and its arguments, after --" }],
  flags: programFlags,
  examples: [
    "aloft exec -- gcloud secrets list",
    "aloft exec --as api@demo-app.iam.gserviceaccount.com --project demo-app -- node app/api.ts",
  ],
  ownSignals: true,
  run: async (ctx) => {
    const [program = "", ...args] = ctx.args;
    const { childEnv, programEnv } = await import("../local/program-env.ts");
    const [cloud, options] = await Promise.all([openCloud(ctx), programOptions(ctx)]);
    const env = childEnv(ctx.environ, await programEnv(cloud, options));
    const renewal = setInterval(() => {
      programEnv(cloud, options).catch(() => undefined);
    }, renewMs);
    try {
      return { data: {}, exit: await runProgram(program, args, { cwd: ctx.cwd, env }) };
    } finally {
      clearInterval(renewal);
    }
  },
  // What it prints is the program's own.
  text: () => "",
});

/** Where programs that are often meant come from. */
const installs: Readonly<Record<string, string>> = {
  gcloud: "install it: https://cloud.google.com/sdk/docs/install",
  gsutil: "install it: https://cloud.google.com/sdk/docs/install",
  terraform: "install it: https://developer.hashicorp.com/terraform/install",
};

/** Resolves to the exit code; a program that a signal ended gives 128 and the signal's number, as in a shell. */
function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: "inherit" });
    const handlers = forwarded.map((signal) => {
      const handler = (): void => {
        // A terminal sends these to both of us.
        const fromTerminal = process.stdin.isTTY === true && ["SIGINT", "SIGQUIT", "SIGWINCH"].includes(signal);
        if (!fromTerminal) child.kill(signal);
      };
      process.on(signal, handler);
      return [signal, handler] as const;
    });
    const done = (): void => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      done();
      const missing = error.code === "ENOENT";
      const what = missing ? `there is no program ${program}` : `${program} cannot be run`;
      reject(
        new Failure({
          code: "PROGRAM_MISSING",
          what,
          ...(missing ? {} : { why: error.message }),
          next: installs[program] ?? "name it with its path",
          cause: error,
        }),
      );
    });
    child.on("exit", (code, signal) => {
      done();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
