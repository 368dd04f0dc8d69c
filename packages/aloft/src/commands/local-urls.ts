import type { Graph } from "../app/graph.ts";
import type { RunningService } from "../local/admin.ts";
import type { LocalCloud } from "../local/ensure.ts";

/** What runs on the local cloud and where people reach it; nothing in another environment. */
export async function localUrls(local: LocalCloud | undefined): Promise<readonly RunningService[]> {
  return local === undefined ? [] : (await local.admin.status()).running;
}

/** A service of this graph as it runs on the local cloud. */
export function runningOf(running: readonly RunningService[], graph: Graph, id: string): RunningService | undefined {
  const name = `projects/${graph.project}/locations/${graph.region}/services/${id}`;
  return running.find(({ service }) => service === name);
}
