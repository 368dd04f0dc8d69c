import type { ResourceStatus } from "../plan/engine.ts";
import { label } from "../ui/plan-text.ts";
import { table } from "../ui/table.ts";
import { defineCommand } from "./command.ts";
import { localUrls, runningOf } from "./local-urls.ts";
import { openSession } from "./session.ts";

interface Shown extends ResourceStatus {
  /** A plain loopback address, in the environment `local`. */
  readonly localUrl?: string;
}

export const command = defineCommand({
  name: "status",
  summary: "Show what is live: state, revision and URL of each resource",
  examples: ["aloft status", "aloft status --env prod --json"],
  run: async (ctx) => {
    const { graph, google, local } = await openSession(ctx);
    const { statusOf } = await import("../plan/status.ts");
    const [statuses, running] = await Promise.all([
      statusOf(graph, google, { signal: ctx.signal, clock: ctx.clock }),
      localUrls(local),
    ]);
    const resources = statuses.map((one): Shown => {
      const localUrl = one.kind === "service" ? runningOf(running, graph, one.id)?.localUrl : undefined;
      return { ...one, ...(localUrl === undefined ? {} : { localUrl }) };
    });
    const { app, env, project, region } = graph;
    return { data: { app, env, project, region, resources } };
  },
  text: (data: Status, paint) => {
    const colour = {
      ready: paint.green,
      pending: paint.yellow,
      failed: paint.red,
      absent: paint.dim,
      unknown: paint.yellow,
    };
    const width = Math.max(0, ...data.resources.map(({ state }) => state.length));
    const rows = data.resources.map((one) => [
      label(one.address),
      colour[one.state](one.state.padEnd(width)),
      [one.revision, one.message].filter((part) => part !== undefined && part !== "").join("  ") || "-",
      one.localUrl ?? one.url ?? "",
    ]);
    const title = `${data.app} · ${data.env} · ${data.project}/${data.region}`;
    return [paint.bold(title), table(["RESOURCE", "STATE", "DETAIL", "URL"], rows, paint)].join("\n");
  },
});

interface Status {
  readonly app: string;
  readonly env: string;
  readonly project: string;
  readonly region: string;
  readonly resources: readonly Shown[];
}
