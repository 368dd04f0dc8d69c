import { spawn } from "node:child_process";
import { Failure } from "@aloft/kit/failure";
import type { ServiceSpec } from "../app/specs.ts";
import { defineCommand } from "./command.ts";
import { localUrls, runningOf } from "./local-urls.ts";
import { pickService, servicesOf } from "./pick.ts";
import { forEnv, openSession } from "./session.ts";

export const command = defineCommand({
  name: "open",
  summary: "Open the service's page, and print its address",
  about:
    "Without a name the first public service. On local the plain loopback address. Without a screen it only prints.",
  args: [{ name: "SERVICE", what: "one service" }],
  examples: ["aloft open", "aloft open api --env staging"],
  run: async (ctx) => {
    const { graph, google, local } = await openSession(ctx);
    const services = servicesOf(graph);
    const [typed] = ctx.args;
    const picked =
      typed === undefined
        ? (services.find(({ spec }) => (spec as ServiceSpec).public) ?? services[0])
        : pickService(graph, typed);
    if (picked === undefined) throw new Failure({ code: "INPUT_INVALID", what: "the file declares no service" });
    const { statusOf } = await import("../plan/status.ts");
    const [statuses, running] = await Promise.all([
      statusOf({ ...graph, resources: [picked] }, google, { signal: ctx.signal }),
      localUrls(local),
    ]);
    const url = statuses.find(({ address }) => address === picked.address)?.url;
    if (url === undefined) {
      throw new Failure({
        code: "API_ERROR",
        what: `${picked.id} has no URL: it is not deployed`,
        next: forEnv("aloft up", graph.env),
      });
    }
    const localUrl = runningOf(running, graph, picked.id)?.localUrl;
    const shown = localUrl ?? url;
    const opened = !ctx.ui.json && ctx.ui.interactive && show(shown, ctx.environ);
    return { data: { resource: picked.address, url, ...(localUrl === undefined ? {} : { localUrl }), opened } };
  },
  text: (data: { readonly url: string; readonly localUrl?: string }) => data.localUrl ?? data.url,
});

/** Hands the address to the desktop; false where there is none. */
function show(url: string, environ: NodeJS.ProcessEnv): boolean {
  const mac = process.platform === "darwin";
  if (!mac && !environ.DISPLAY && !environ.WAYLAND_DISPLAY) return false;
  const child = spawn(mac ? "open" : "xdg-open", [url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
  return true;
}
