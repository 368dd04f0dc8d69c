import type { RunningService } from "../local/admin.ts";
import type { LocalCloud } from "../local/ensure.ts";

/** What runs on the local cloud and where people reach it; nothing in another environment. */
export async function localUrls(local: LocalCloud | undefined): Promise<readonly RunningService[]> {
  return local === undefined ? [] : (await local.admin.status()).running;
}

/** The running service of this cloud id. `service` may be the bare id or its full resource name. */
export function runningOf(running: readonly RunningService[], id: string, url?: string): RunningService | undefined {
  return running.find((one) => one.url === url || one.service === id || one.service.endsWith(`/services/${id}`));
}
