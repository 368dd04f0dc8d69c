import type { CloudService } from "../../service.ts";
import { anyRow } from "../../store/any-row.ts";

let loaded: Promise<CloudService> | undefined;
/** The API over the data plane, loaded when there is something for it to do. */
const whole = (): Promise<CloudService> => {
  loaded ??= (async () => {
    const [{ runOver }, { machinesOf }] = await Promise.all([import("./api.ts"), import("../../machines/index.ts")]);
    return runOver(machinesOf);
  })();
  return loaded;
};

/** Cloud Run Admin API, v2 and v1: services, jobs and worker pools. */
export const run: CloudService = {
  api: "run.googleapis.com",
  title: "Cloud Run Admin API",
  descriptors: "run-v2",
  create: async (host) => (await whole()).create(host),
  resume: async (host) => {
    if (anyRow(host, "run_")) await (await whole()).resume?.(host);
  },
  status: async (host) => (await whole()).status?.(host) ?? {},
  close: async (host) => (await loaded)?.close?.(host),
};
