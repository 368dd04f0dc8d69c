import { ownLabels } from "../kinds/lib/ownership.ts";
import { declaredSecrets } from "../secrets/declared.ts";
import { type Imported, importEnv } from "../secrets/import.ts";
import { secretManager } from "../secrets/manager.ts";
import { readAll, readBytes } from "../secrets/value.ts";
import { defineCommand } from "./command.ts";
import { forEnv, openSession } from "./session.ts";

export const command = defineCommand({
  name: "secrets import",
  summary: "Give many secrets their values, from a .env file",
  about:
    "Only names that aloft.config.ts declares are taken; the others are listed. Values that are there already stay.",
  args: [{ name: "FILE", required: true, what: "a .env file, or - for stdin" }],
  uses: ["dry-run"],
  examples: ["aloft secrets import .env", "aloft secrets import .env.staging --env staging --dry-run"],
  run: async (ctx) => {
    const file = ctx.args[0] ?? "";
    const bytes = file === "-" ? await readAll(ctx.stdin) : readBytes(ctx.cwd, file);
    const { graph, google } = await openSession(ctx);
    const manager = secretManager(google, ctx.signal);
    const { dryRun } = ctx.global;
    if (!dryRun) await manager.enable();
    const text = Buffer.from(bytes).toString("utf8");
    const imported = await importEnv(text, declaredSecrets(graph), manager, { labels: ownLabels(graph), dryRun });
    return { data: { ...imported, dryRun, next: forEnv("aloft up", graph.env) } };
  },
  text: (data: Imported & { readonly dryRun: boolean; readonly next: string }, paint) => {
    const width = Math.max(
      22,
      ...data.written.map(({ secret }) => secret.length),
      ...data.skipped.map(({ name }) => name.length),
    );
    const added = data.written.filter(({ state }) => state === "added");
    return [
      ...data.written.map(({ secret, state, version }) =>
        state === "added"
          ? `  ${paint.green("+")} ${secret.padEnd(width)}  ${data.dryRun ? "would get a version" : `version ${version}`}`
          : `  ${paint.dim("•")} ${secret.padEnd(width)}  unchanged (version ${version})`,
      ),
      ...data.skipped.map(({ name, why }) => `  ${paint.yellow("-")} ${name.padEnd(width)}  skipped: ${why}`),
      ...data.missing.map((id) => `  ${paint.yellow("?")} ${id.padEnd(width)}  not in the file`),
      `${added.length} ${data.dryRun ? "to add" : "added"}, ${data.written.length - added.length} unchanged, ${data.skipped.length} skipped`,
      ...(added.length === 0 || data.dryRun ? [] : [`  ${paint.cyan("→")} ${data.next}`]),
    ].join("\n");
  },
});
