import { ownLabels } from "../kinds/lib/ownership.ts";
import { declaredSecrets, settable } from "../secrets/declared.ts";
import { secretManager } from "../secrets/manager.ts";
import { readValue } from "../secrets/value.ts";
import { type Written, writeSecret } from "../secrets/write.ts";
import { label } from "../ui/plan-text.ts";
import { defineCommand } from "./command.ts";
import { openDeclared, openSession } from "./session.ts";

export const command = defineCommand({
  name: "secrets set",
  summary: "Give a secret a value, from stdin, a file or a hidden prompt",
  about:
    "Adds a version; makes the secret where it is missing. The same value again adds none (--force does). A value is never\n" +
    "an argument: those are seen by every process of the machine. From stdin, one line end at the end is dropped.",
  args: [{ name: "NAME", required: true, what: "a secret that aloft.config.ts declares" }],
  flags: {
    file: { type: "string", short: "f", value: "FILE", what: "take the value from this file, byte by byte" },
    force: { type: "boolean", what: "add a version though the value is the same" },
  },
  uses: ["dry-run"],
  tooMany: {
    what: "a secret's value is never an argument",
    why: "Arguments are seen by every process of the machine and stay in the shell's history.",
    next: "aloft secrets set NAME < FILE   (or without it, to be asked)",
  },
  examples: ["aloft secrets set GEMINI_API_KEY", "aloft secrets set GEMINI_API_KEY --env prod < key.txt"],
  run: async (ctx) => {
    const name = ctx.args[0] ?? "";
    const declared = await openDeclared(ctx);
    const { graph } = declared;
    const secret = settable(name, declaredSecrets(graph));
    const value = await readValue(name, { cwd: ctx.cwd, stdin: ctx.stdin, ui: ctx.ui, file: ctx.flags.file });
    const { google } = await openSession(ctx, declared);
    const manager = secretManager(google, ctx.signal);
    const { dryRun } = ctx.global;
    if (!dryRun) await manager.enable();
    const written = await writeSecret(secret, value, manager, {
      ...{ labels: ownLabels(graph), dryRun, force: ctx.flags.force === true },
    });
    return { data: { ...written, dryRun } };
  },
  text: (data: Written & { readonly dryRun: boolean }, paint) => {
    if (data.state === "unchanged") return `${data.secret} has this value already (version ${data.version})`;
    if (data.dryRun) return `${data.secret} would get a new version`;
    const made = data.created ? "made, with version" : "has version";
    const users = data.users.map(label).join(", ");
    const next = users === "" ? "" : `\n  ${paint.cyan("→")} aloft up   (brings it to ${users})`;
    return `${data.secret} ${made} ${data.version}${next}`;
  },
});
