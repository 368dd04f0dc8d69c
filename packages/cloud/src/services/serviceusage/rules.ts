import { errorInfo, RpcError } from "../../wire/rpc-error.ts";
import { titles } from "./catalog.ts";

/** What Google turns on along with an API, because it cannot do without. */
const needs: Readonly<Record<string, readonly string[]>> = {
  "cloudbuild.googleapis.com": ["logging.googleapis.com", "storage-api.googleapis.com"],
  "compute.googleapis.com": ["oslogin.googleapis.com"],
  "container.googleapis.com": ["compute.googleapis.com"],
  "iam.googleapis.com": ["iamcredentials.googleapis.com"],
  "storage.googleapis.com": ["storage-api.googleapis.com"],
};

/** What it stops working without, so that it has to be named when that is turned off. */
const leansOn: Readonly<Record<string, readonly string[]>> = {
  "cloudbuild.googleapis.com": ["storage-api.googleapis.com"],
  "container.googleapis.com": ["compute.googleapis.com"],
  "iamcredentials.googleapis.com": ["iam.googleapis.com"],
  "oslogin.googleapis.com": ["compute.googleapis.com"],
};

/** The API and all that comes along, in the order of turning on. */
export function withNeeds(api: string, seen: ReadonlySet<string> = new Set()): string[] {
  if (seen.has(api)) return [];
  const inner = (needs[api] ?? []).flatMap((other) => withNeeds(other, new Set([...seen, api])));
  return [...new Set([...inner, api])];
}

/** Those of the enabled APIs that lean on this one, directly or through another. */
export function dependents(api: string, enabled: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (on: string): void => {
    for (const other of enabled) {
      if (other === api || found.has(other) || !leansOn[other]?.includes(on)) continue;
      found.add(other);
      visit(other);
    }
  };
  visit(api);
  return [...found].sort();
}

/** Project and API of `projects/p/services/run.googleapis.com`. Throws INVALID_ARGUMENT for another form. */
export function parseName(name: string): { readonly project: string; readonly api: string } {
  const [, project, api] = /^projects\/([^/]+)\/services\/([^/]+)$/.exec(name) ?? [];
  if (project === undefined || api === undefined) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `Invalid service name: ${name}. It must look like projects/PROJECT/services/SERVICE.`,
    );
  }
  return { project, api };
}

/** Throws what Google answers for a service that nobody has published. */
export function checkKnown(apis: readonly string[]): void {
  const unknown = apis.filter((api) => !titles.has(api));
  if (unknown.length === 0) return;
  const services = unknown.join(", ");
  throw new RpcError("PERMISSION_DENIED", `Not found or permission denied for service(s): ${services}.`, [
    {
      "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
      violations: [{ type: "googleapis.com", subject: "110002" }],
    },
    errorInfo("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", "serviceusage.googleapis.com", { services }),
  ]);
}

/** Which services a filter keeps: `state:ENABLED`, `state:DISABLED`, or all. Throws INVALID_ARGUMENT for another. */
export function parseFilter(filter: string): "ENABLED" | "DISABLED" | "all" {
  const text = filter.trim();
  if (text === "") return "all";
  const state = /^state\s*[:=]\s*"?(ENABLED|DISABLED)"?$/.exec(text)?.[1];
  if (state === "ENABLED" || state === "DISABLED") return state;
  throw new RpcError(
    "INVALID_ARGUMENT",
    `The filter "${filter}" is not supported. The supported filters are "state:ENABLED" and "state:DISABLED".`,
  );
}

/** 400 for turning off what others lean on. */
export function dependedOn(api: string, others: readonly string[], project: string): RpcError {
  return new RpcError(
    "FAILED_PRECONDITION",
    `The service ${api} is depended on by the following active service(s): ${others.join(",")}; Please specify disable_dependent_services=true if you want to proceed with disabling all services.`,
    [
      {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        violations: [{ type: "googleapis.com", subject: "100001" }],
      },
      errorInfo("COMMON_SU_SERVICE_HAS_DEPENDENTS", "serviceusage.googleapis.com", {
        service: api,
        dependents: others.join(","),
        consumer: project,
      }),
    ],
  );
}
