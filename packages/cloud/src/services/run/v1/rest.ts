import type { RestMethod } from "../../../service.ts";
import type { Control } from "../control.ts";
import { parseService, serviceNotFound } from "../names.ts";
import { operationsRest } from "./operations.ts";
import { domainsRest, policiesRest } from "./projects.ts";
import { revisionsRest } from "./revisions.ts";
import { servicesRest } from "./services.ts";

/** Cloud Run Admin API v1: Knative's surface over what v2 stores. What gcloud speaks. */
export function runRest(control: Control): readonly RestMethod[] {
  return [
    ...servicesRest(control),
    ...revisionsRest(control),
    ...operationsRest(control),
    ...policiesRest(control, (name) => {
      if (!control.store.services.has(name)) throw serviceNotFound(parseService(name));
    }),
    ...domainsRest(),
  ];
}
