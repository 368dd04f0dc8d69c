import type { Json } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { isSystemKey } from "../rules-metadata.ts";
import { textsAt } from "./json.ts";

/** Annotations that v1 has for what are fields in v2. */
export const annotation = {
  audiences: "run.googleapis.com/custom-audiences",
  binaryAuthorization: "run.googleapis.com/binary-authorization",
  breakglass: "run.googleapis.com/binary-authorization-breakglass",
  clientName: "run.googleapis.com/client-name",
  clientVersion: "run.googleapis.com/client-version",
  cloudSql: "run.googleapis.com/cloudsql-instances",
  connector: "run.googleapis.com/vpc-access-connector",
  cpuBoost: "run.googleapis.com/startup-cpu-boost",
  cpuThrottling: "run.googleapis.com/cpu-throttling",
  creator: "serving.knative.dev/creator",
  defaultUrlDisabled: "run.googleapis.com/default-url-disabled",
  dependencies: "run.googleapis.com/container-dependencies",
  description: "run.googleapis.com/description",
  egress: "run.googleapis.com/vpc-access-egress",
  encryptionKey: "run.googleapis.com/encryption-key",
  environment: "run.googleapis.com/execution-environment",
  healthCheckDisabled: "run.googleapis.com/health-check-disabled",
  iap: "run.googleapis.com/iap-enabled",
  ingress: "run.googleapis.com/ingress",
  ingressStatus: "run.googleapis.com/ingress-status",
  invokerIamDisabled: "run.googleapis.com/invoker-iam-disabled",
  jobCreator: "run.googleapis.com/creator",
  jobModifier: "run.googleapis.com/lastModifier",
  launchStage: "run.googleapis.com/launch-stage",
  manualInstances: "run.googleapis.com/manualInstanceCount",
  maxScale: "autoscaling.knative.dev/maxScale",
  mesh: "run.googleapis.com/mesh",
  minScale: "autoscaling.knative.dev/minScale",
  modifier: "serving.knative.dev/lastModifier",
  network: "run.googleapis.com/network-interfaces",
  operation: "run.googleapis.com/operation-id",
  scalingMode: "run.googleapis.com/scalingMode",
  secrets: "run.googleapis.com/secrets",
  serviceMaxScale: "run.googleapis.com/maxScale",
  serviceMinScale: "run.googleapis.com/minScale",
  sessionAffinity: "run.googleapis.com/sessionAffinity",
  urls: "run.googleapis.com/urls",
} as const;

/** What only the server writes: a client sends it back with the rest, and it is not looked at. */
export const outputs: readonly string[] = [
  annotation.creator,
  annotation.modifier,
  annotation.jobCreator,
  annotation.jobModifier,
  annotation.operation,
  annotation.ingressStatus,
  annotation.urls,
];

/** The annotations of a request, taken one by one. */
export interface Annotations {
  /** Undefined where there is none. */
  text(key: string): string | undefined;
  /** Undefined where there is none. Throws INVALID_ARGUMENT for what is neither true nor false. */
  flag(key: string): boolean | undefined;
  /** Throws INVALID_ARGUMENT for what is no whole number. */
  whole(key: string): number | undefined;
  /** What is in it as JSON. Throws INVALID_ARGUMENT for what is none. */
  json(key: string): Json | undefined;
  /** The user's own. Throws UNIMPLEMENTED by name for those of Cloud Run that nobody took. */
  rest(): Record<string, string>;
}

/** `also` are further keys that are dropped: those of a template that its parent has. */
export function readAnnotations(value: Json | undefined, field: string, also: readonly string[] = []): Annotations {
  const left = new Map(Object.entries(textsAt(value, field)));
  for (const key of [...outputs, ...also]) left.delete(key);
  const text = (key: string): string | undefined => {
    const found = left.get(key);
    left.delete(key);
    return found;
  };
  const invalid = (key: string, found: string, what: string): RpcError =>
    new RpcError("INVALID_ARGUMENT", `Invalid value '${found}' of annotation '${key}': ${what} is expected.`);
  return {
    text,
    flag: (key) => {
      const found = text(key);
      if (found === undefined) return undefined;
      const lower = found.toLowerCase();
      if (lower !== "true" && lower !== "false") throw invalid(key, found, "true or false");
      return lower === "true";
    },
    whole: (key) => {
      const found = text(key);
      if (found === undefined) return undefined;
      if (!/^\d+$/.test(found)) throw invalid(key, found, "a whole number");
      return Number(found);
    },
    json: (key) => {
      const found = text(key);
      if (found === undefined) return undefined;
      try {
        return JSON.parse(found) as Json;
      } catch {
        throw invalid(key, found, "JSON");
      }
    },
    rest: () => {
      const unknown = [...left.keys()].filter(isSystemKey);
      if (unknown.length > 0) {
        const named = unknown.map((key) => `the annotation ${key}`).join(", ");
        throw new RpcError("UNIMPLEMENTED", `Not implemented by the local Cloud Run: ${named}.`);
      }
      return Object.fromEntries(left);
    },
  };
}

/** The user's own labels: those of Cloud Run are written by the server. */
export function readLabels(value: Json | undefined, field: string): Record<string, string> {
  return Object.fromEntries(Object.entries(textsAt(value, field)).filter(([key]) => !isSystemKey(key)));
}

/** A value of a closed list by what v1 calls it. Throws INVALID_ARGUMENT that names all. */
export function choice<T>(key: string, given: string | undefined, of: Readonly<Record<string, T>>): T | undefined {
  if (given === undefined || given === "") return undefined;
  const found = of[given.toLowerCase()];
  if (found !== undefined) return found;
  throw new RpcError(
    "INVALID_ARGUMENT",
    `Invalid value '${given}' of annotation '${key}': one of ${Object.keys(of).join(", ")} is expected.`,
  );
}

/** What v1 calls a value of a closed list; undefined for one that it has no word for. */
export function wordOf<T>(value: T, of: Readonly<Record<string, T>>): string | undefined {
  return Object.entries(of).find(([, each]) => each === value)?.[0];
}
