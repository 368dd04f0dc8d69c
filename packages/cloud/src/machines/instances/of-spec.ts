import type { ContainerSpec, Probe, RevisionSpec } from "../machines.ts";

/** https://cloud.google.com/run/docs/container-contract#env-vars */
export const namesOf = ({ kind, service, revision }: RevisionSpec): Readonly<Record<string, string>> =>
  kind === "workerPool"
    ? { CLOUD_RUN_WORKER_POOL: service, CLOUD_RUN_WORKER_POOL_REVISION: revision }
    : { K_SERVICE: service, K_REVISION: revision, K_CONFIGURATION: service };

/** The container that requests go to; the first where none has a port. */
export const ingressOf = (spec: RevisionSpec): ContainerSpec | undefined =>
  spec.containers.find((container) => container.port !== undefined) ?? spec.containers[0];

/** Cloud Run's default for the ingress container. */
export function defaultProbe(container: ContainerSpec): Probe | undefined {
  if (container.port === undefined) return undefined;
  return {
    kind: "tcp",
    port: container.port.containerPort,
    initialDelayS: 0,
    timeoutS: 240,
    periodS: 240,
    failureThreshold: 1,
  };
}

/** What an image's variables say of PATH. */
export const pathOf = (env: readonly string[]): string | undefined =>
  env.find((entry) => entry.startsWith("PATH="))?.slice(5);
