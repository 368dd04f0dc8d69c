import type { CloudService } from "../../service.ts";
import { controlOf, existingControl, type MachinesOf } from "./control.ts";
import { existingJobControl, jobControlOf } from "./jobs/control.ts";
import { resumeJobs } from "./jobs/resume.ts";
import { hasJobs } from "./jobs/store.ts";
import { api } from "./operations.ts";
import { endOrphans } from "./reconcile.ts";
import { runRpc } from "./rpc.ts";
import { runningServices } from "./running.ts";
import { hasServices } from "./store.ts";
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
      if (!hasServices(host.db) && !jobs) return;
      const control = controlOf(host, machines);
      const { m, store, reconciler } = control;
      endOrphans(host, store, m, jobs ? jobControlOf(control).store.allPending() : []);
      for (const service of store.allServices()) reconciler.kick(service.name);
      if (jobs) resumeJobs(jobControlOf(control));
    },
    status: (host) => ({ running: runningServices(host), isolation: machines(host).isolation }),
    close: async (host) => {
      const control = existingControl(host);
      const jobs = control === undefined ? undefined : existingJobControl(control);
      await Promise.all([control?.reconciler.close(), jobs?.settler.close(), jobs?.runner.close()]);
      await control?.machines.close();
    },
  };
}
