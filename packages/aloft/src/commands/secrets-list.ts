import type { Address } from "../app/graph.ts";
import { declaredSecrets } from "../secrets/declared.ts";
import { isApiOff, secretManager, type Version } from "../secrets/manager.ts";
import { label } from "../ui/plan-text.ts";
import { table } from "../ui/table.ts";
import { defineCommand } from "./command.ts";
import { openSession } from "./session.ts";

interface Listed {
  readonly secret: string;
  /** `no-value`: it exists without a version. `undeclared`: ours, and no longer in the file. */
  readonly state: "ok" | "absent" | "no-value" | "disabled" | "undeclared";
  /** The newest version's number. */
  readonly version?: string;
  readonly versions: readonly Version[];
  readonly derivedFrom?: Address;
  readonly users: readonly Address[];
}

export const command = defineCommand({
  name: "secrets list",
  summary: "List the app's secrets with their versions and who reads them",
  examples: ["aloft secrets list", "aloft secrets list --env prod --json"],
  run: async (ctx) => {
    const { graph, google } = await openSession(ctx);
    const manager = secretManager(google, ctx.signal);
    const declared = declaredSecrets(graph);
    const live = await manager.list().catch((error: unknown) => {
      if (isApiOff(error)) return [];
      throw error;
    });
    const ours = live.filter(
      ({ id, labels }) =>
        labels["aloft-app"] === graph.app &&
        labels["aloft-env"] === graph.env &&
        !declared.some((one) => one.id === id),
    );
    const there = new Set(live.map(({ id }) => id));
    const rows = [...declared, ...ours.map(({ id }) => ({ id, users: [], derivedFrom: undefined, undeclared: true }))];
    const secrets = await Promise.all(
      rows.map(async (one): Promise<Listed> => {
        const versions = there.has(one.id) ? await manager.versions(one.id) : [];
        const [newest] = versions;
        return {
          secret: one.id,
          state: "undeclared" in one ? "undeclared" : stateOf(there.has(one.id), newest),
          ...(newest === undefined ? {} : { version: newest.number }),
          versions,
          ...(one.derivedFrom === undefined ? {} : { derivedFrom: one.derivedFrom }),
          users: one.users,
        };
      }),
    );
    return { data: { app: graph.app, env: graph.env, project: graph.project, secrets } };
  },
  text: (data: { readonly secrets: readonly Listed[] }, paint) => {
    if (data.secrets.length === 0) return "The file declares no secret.";
    const states = {
      ok: "",
      absent: "absent",
      "no-value": "no value",
      disabled: "disabled",
      undeclared: "not in the file",
    };
    return table(
      ["SECRET", "VERSION", "ENABLED", "STATE", "READ BY"],
      data.secrets.map((one) => [
        one.secret,
        one.version ?? "-",
        String(one.versions.filter(({ state }) => state === "ENABLED").length),
        one.state === "ok" && one.derivedFrom !== undefined ? `from ${one.derivedFrom}` : states[one.state] || "ok",
        one.users.map(label).join(", ") || "-",
      ]),
      paint,
    );
  },
});

function stateOf(there: boolean, newest: Version | undefined): Listed["state"] {
  if (!there) return "absent";
  if (newest === undefined) return "no-value";
  return newest.state === "ENABLED" ? "ok" : "disabled";
}
