import { RpcError } from "../../../wire/rpc-error.ts";
import { refuse } from "../violations.ts";

/** Places of v2's resources, the longest first, and where v1 has them. */
const places: Readonly<Record<"service" | "job", readonly (readonly [v2: string, v1: string])[]>> = {
  service: [
    ["template.max_instance_request_concurrency", "spec.template.spec.containerConcurrency"],
    ["template.scaling.min_instance_count", "spec.template.metadata.annotations[autoscaling.knative.dev/minScale]"],
    ["template.scaling.max_instance_count", "spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]"],
    ["template.vpc_access", "spec.template.metadata.annotations[run.googleapis.com/network-interfaces]"],
    ["template.service_account", "spec.template.spec.serviceAccountName"],
    ["template.annotations", "spec.template.metadata.annotations"],
    ["template.labels", "spec.template.metadata.labels"],
    ["template.revision", "spec.template.metadata.name"],
    ["template.timeout", "spec.template.spec.timeoutSeconds"],
    ["template", "spec.template.spec"],
    ["service_id", "metadata.name"],
    ["labels", "metadata.labels"],
    ["annotations", "metadata.annotations"],
    ["traffic", "spec.traffic"],
  ],
  job: [
    ["template.template.service_account", "spec.template.spec.template.spec.serviceAccountName"],
    ["template.template.max_retries", "spec.template.spec.template.spec.maxRetries"],
    ["template.template.timeout", "spec.template.spec.template.spec.timeoutSeconds"],
    ["template.template", "spec.template.spec.template.spec"],
    ["template.task_count", "spec.template.spec.taskCount"],
    ["template.labels", "spec.template.metadata.labels"],
    ["template.annotations", "spec.template.metadata.annotations"],
    ["template", "spec.template.spec"],
    ["job_id", "metadata.name"],
    ["labels", "metadata.labels"],
    ["annotations", "metadata.annotations"],
  ],
};

/** Does what v2 does; what that refuses of a request is told by the names that v1 has for it. */
export function asKnative<T>(kind: "service" | "job", work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw (thrown instanceof RpcError && renamed(kind, thrown)) || thrown;
  }
}

function renamed(kind: "service" | "job", error: RpcError): RpcError | undefined {
  const found = error.details.find((each) => each["@type"].endsWith("google.rpc.BadRequest"))?.fieldViolations;
  if (!Array.isArray(found)) return undefined;
  return refuse(
    found.map(({ field, description }: { readonly field: string; readonly description: string }) => ({
      field: fieldOf(kind, field),
      description,
    })),
  );
}

function fieldOf(kind: "service" | "job", field: string): string {
  const bare = field
    .replace(/^Violation in \w+Request\.(?:service\.|job\.)?/, "")
    .replace(".value_source.", ".value_from.");
  const place = places[kind].find(([v2]) => bare === v2 || bare.startsWith(`${v2}.`) || bare.startsWith(`${v2}[`));
  return place === undefined ? bare : `${place[1]}${bare.slice(place[0].length)}`;
}
