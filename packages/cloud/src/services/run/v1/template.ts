import type { run_v1 } from "@googleapis/run";
import type { RevisionTemplate } from "../../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { RevisionScaling } from "../../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import type { JsonObject } from "../../../service.ts";
import { ingressContainer } from "../defaults.ts";
import { annotation, readAnnotations, readLabels } from "./annotations.ts";
import { objectAt, textAt, wholeAt } from "./json.ts";
import { defined } from "./metadata.ts";
import { type Owner, type Workload, workloadIn, workloadOut } from "./workload.ts";

/** A revision template of v1 as proto JSON of v2. */
export function templateIn(given: JsonObject, owner: Pick<Owner, "id">): JsonObject {
  const at = "spec.template";
  const metadata = objectAt(given.metadata, `${at}.metadata`);
  const spec = objectAt(given.spec, `${at}.spec`);
  const clients = [annotation.clientName, annotation.clientVersion];
  const annotations = readAnnotations(metadata.annotations, `${at}.metadata.annotations`, clients);
  const timeout = wholeAt(spec.timeoutSeconds, `${at}.spec.timeoutSeconds`);
  return {
    revision: textAt(metadata.name, `${at}.metadata.name`),
    labels: readLabels(metadata.labels, `${at}.metadata.labels`),
    ...workloadIn(annotations, spec, `${at}.spec`, owner, "service"),
    scaling: {
      minInstanceCount: annotations.whole(annotation.minScale),
      maxInstanceCount: annotations.whole(annotation.maxScale),
    },
    sessionAffinity: annotations.flag(annotation.sessionAffinity) ?? false,
    healthCheckDisabled: annotations.flag(annotation.healthCheckDisabled) ?? false,
    maxInstanceRequestConcurrency: wholeAt(spec.containerConcurrency, `${at}.spec.containerConcurrency`),
    ...(timeout === undefined ? {} : { timeout: `${timeout}s` }),
    // Last: what is left is the user's own, or refused by name.
    annotations: annotations.rest(),
  };
}

/** What a template and a revision have alike. */
interface Revised extends Workload {
  readonly annotations: Readonly<Record<string, string>>;
  readonly scaling?: RevisionScaling;
  readonly sessionAffinity: boolean;
  readonly maxInstanceRequestConcurrency: number;
  readonly timeout?: { readonly seconds: bigint };
}

/** `spec` and `metadata.annotations` of a template or a revision. */
export function revisedOut(
  of: Revised,
  owner: Owner,
): { readonly spec: run_v1.Schema$RevisionSpec; readonly annotations: Record<string, string> } {
  const shared = workloadOut(of, owner);
  const resources = ingressContainer({ containers: [...of.containers] })?.resources;
  const { minInstanceCount = 0, maxInstanceCount = 0 } = of.scaling ?? {};
  return {
    spec: {
      containerConcurrency: of.maxInstanceRequestConcurrency,
      timeoutSeconds: Number(of.timeout?.seconds ?? 300n),
      ...shared.spec,
    },
    annotations: defined({
      ...of.annotations,
      ...shared.annotations,
      [annotation.minScale]: minInstanceCount === 0 ? undefined : String(minInstanceCount),
      [annotation.maxScale]: maxInstanceCount === 0 ? undefined : String(maxInstanceCount),
      [annotation.cpuThrottling]: resources?.cpuIdle === false ? "false" : undefined,
      [annotation.cpuBoost]: resources?.startupCpuBoost ? "true" : undefined,
      [annotation.sessionAffinity]: of.sessionAffinity ? "true" : undefined,
    }),
  };
}

/** A template of v2 as v1 shows it. `clients` are the service's: v1 has them in both places. */
export function templateOut(
  template: RevisionTemplate,
  owner: Owner,
  clients: Readonly<Record<string, string | undefined>>,
): run_v1.Schema$RevisionTemplate {
  const { spec, annotations } = revisedOut(template, owner);
  return {
    metadata: {
      ...defined({ name: template.revision }),
      labels: template.labels,
      annotations: { ...annotations, ...defined(clients) },
    },
    spec,
  };
}
