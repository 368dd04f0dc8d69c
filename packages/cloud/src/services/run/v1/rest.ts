import type { RestMethod } from "../../../service.ts";
import type { Control } from "../control.ts";
import { jobControlOf } from "../jobs/control.ts";
import { findJob } from "../jobs/rpc.ts";
import { parseService, serviceNotFound } from "../names.ts";
import { poolControlOf } from "../pools/control.ts";
import { executionsRest } from "./executions.ts";
import { jobsRest } from "./jobs.ts";
import { operationsRest } from "./operations.ts";
import { poolsRest } from "./pools.ts";
import { domainsRest, policiesRest } from "./projects.ts";
import { revisionsRest } from "./revisions.ts";
import { servicesRest } from "./services.ts";

/** Cloud Run Admin API v1: Knative's surface over what v2 stores. What gcloud speaks. */
export function runRest(control: Control): readonly RestMethod[] {
  return [
    ...servicesRest(control),
    ...revisionsRest(control),
    ...jobsRest(control),
    ...poolsRest(poolControlOf(control)),
    ...executionsRest(control),
    ...operationsRest(control),
    ...policiesRest(control, (name) => {
      if (name.includes("/jobs/")) findJob(jobControlOf(control), name);
      else if (!control.store.services.has(name)) throw serviceNotFound(parseService(name));
    }),
    ...domainsRest(),
  ];
}
