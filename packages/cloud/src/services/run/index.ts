import { machinesOf } from "../../machines/index.ts";
import type { CloudService } from "../../service.ts";
import { runOver } from "./api.ts";

export { type RunningRevision, type RunningService, runningServices } from "./running.ts";

/** Cloud Run Admin API v2: services and revisions. */
export const run: CloudService = runOver(machinesOf);
