import type { CloudService } from "../../service.ts";
import { controlOf, existingControl, type MachinesOf } from "./control.ts";
import { existingJobControl, jobControlOf } from "./jobs/control.ts";
import { resumeJobs } from "./jobs/resume.ts";
import { hasJobs } from "./jobs/store.ts";
import { api } from "./operations.ts";
import { existingPoolControl, poolControlOf } from "./pools/control.ts";
import { endOrphans } from "./reconcile.ts";
import { runRpc } from "./rpc.ts";
import { runningServices } from "./running.ts";
import { hasAny } from "./store.ts";
import { runRest } from "./v1/rest.ts";

/** Cloud Run Admin API, v2 and v1, over the machines given. */
export function runOver(machines: MachinesOf): CloudService {
  return {
    api,
    title: "Cloud Run Admin API",
    descriptors: "run-v2",
    create: (host) => ({
      rpc: runRpc(controlOf(host, machines)),
      rest: runRest(controlOf(host, machines)),
      operations: { version: "v2", names: ["projects/*/locations/*/operations/*"] },
      locations: { version: "v1" },
    }),
    resume: async (host) => {
      const jobs = hasJobs(host.db);
      const pools = hasAny(host.db, "workerPools");
      if (!hasAny(host.db, "services") && !jobs && !pools) return;
      const control = controlOf(host, machines);
      const resumed = [control, ...(pools ? [poolControlOf(control)] : [])];
      const awaited = resumed.flatMap(({ store }) => store.allServices().flatMap(({ name }) => store.pendingOf(name)));
      endOrphans(host, control.m, [...awaited, ...(jobs ? jobControlOf(control).store.allPending() : [])]);
      for (const { store, reconciler } of resumed) {
        for (const service of store.allServices()) reconciler.kick(service.name);
      }
      if (jobs) resumeJobs(jobControlOf(control));
    },
    status: (host) => ({ running: runningServices(host), isolation: machines(host).isolation }),
    close: async (host) => {
      const control = existingControl(host);
      const jobs = control === undefined ? undefined : existingJobControl(control);
      const pools = control === undefined ? undefined : existingPoolControl(control);
      await Promise.all([
        control?.reconciler.close(),
        pools?.reconciler.close(),
        jobs?.settler.close(),
        jobs?.runner.close(),
      ]);
      await control?.machines.close();
    },
  };
}
