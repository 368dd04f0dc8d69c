import type { Container, EnvVar, Probe } from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { Violation } from "./violations.ts";

const longestEnv = 32_768;
const imagePath =
  /^(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const secretName = /^(?:projects\/[^/]+\/secrets\/)?[A-Za-z0-9_-]{1,255}$/;
const secretVersion = /^(?:[1-9][0-9]*|[A-Za-z][A-Za-z0-9_-]{0,62})?$/;
/** https://cloud.google.com/run/docs/container-contract#services-env-vars */
const reservedByServices: readonly string[] = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];
/** https://cloud.google.com/run/docs/container-contract#jobs-env-vars */
export const reservedByJobs: readonly string[] = [
  "CLOUD_RUN_JOB",
  "CLOUD_RUN_EXECUTION",
  "CLOUD_RUN_TASK_INDEX",
  "CLOUD_RUN_TASK_ATTEMPT",
  "CLOUD_RUN_TASK_COUNT",
];

/**
 * What is wrong with one container (defaults filled in). `field` is its place in the request, `short` the place as the
 * second round of Cloud Run's checks names it (`template.containers[0]`).
 */
export function checkContainer(
  container: Container,
  field: string,
  short: string,
  reserved: readonly string[] = reservedByServices,
): Violation[] {
  const found: Violation[] = [];
  if (container.name !== "" && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(container.name)) {
    found.push({ field: `${field}.name`, description: "must be a DNS label of at most 63 characters (RFC 1123)." });
  }
  if (container.image === "") {
    found.push({ field: `${field}.image`, description: "required field not present." });
  } else if (!isImagePath(container.image)) {
    found.push({
      field: `${field}.image`,
      description: `Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io, [region-]docker.pkg.dev or docker.io but obtained ${container.image}. To deploy container images from other public or private registries, set up an Artifact Registry remote repository. See https://cloud.google.com/artifact-registry/docs/repositories/remote-repo.`,
    });
  }
  checkPorts(found, container, field);
  checkEnv(found, container.env, field, short, reserved);
  if (container.startupProbe !== undefined) {
    checkProbe(found, container.startupProbe, `${field}.startup_probe`, 240);
    const { failureThreshold, periodSeconds } = container.startupProbe;
    if (failureThreshold * periodSeconds > 240) {
      found.push({
        field: `${field}.startup_probe`,
        description: "failure_threshold * period_seconds must not exceed 240 seconds.",
      });
    }
  }
  if (container.livenessProbe !== undefined) {
    checkProbe(found, container.livenessProbe, `${field}.liveness_probe`, 3600);
  }
  return found;
}

/** Whether Cloud Run would fetch it: from its own registries (`pkg.dev` needs project, repository and image) or Docker's. */
function isImagePath(image: string): boolean {
  if (!imagePath.test(image)) return false;
  const [host = "", ...path] = image.split("/");
  if (path.length === 0 || !/[.:]/.test(host)) return true;
  if (host.endsWith("-docker.pkg.dev") || host === "docker.pkg.dev") return path.length >= 3;
  return host === "docker.io" || host === "gcr.io" || host.endsWith(".gcr.io");
}

function checkPorts(found: Violation[], container: Container, field: string): void {
  if (container.ports.length > 1) {
    found.push({ field: `${field}.ports`, description: "ports should contain 0 or 1 port." });
  }
  for (const [i, port] of container.ports.entries()) {
    if (port.name !== "http1" && port.name !== "h2c") {
      found.push({ field: `${field}.ports[${i}].name`, description: "port name should be one of 'http1' or 'h2c'." });
    }
    if (!isPort(port.containerPort)) {
      found.push({
        field: `${field}.ports[${i}].container_port`,
        description: "must be between 1 and 65535 inclusive.",
      });
    }
  }
}

function checkEnv(
  found: Violation[],
  env: readonly EnvVar[],
  field: string,
  short: string,
  reserved: readonly string[],
): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const [i, { name, values }] of env.entries()) {
    const at = `${field}.env[${i}]`;
    if (name === "") found.push({ field: `${at}.name`, description: "required field not present." });
    else if (name.length > longestEnv || name.includes("=") || name.includes("\0")) {
      found.push({ field: `${at}.name`, description: `Invalid environment variable name '${name.slice(0, 100)}'.` });
    }
    if (seen.has(name)) twice.add(name);
    seen.add(name);
    if (values.case === "value" && Buffer.byteLength(values.value) > longestEnv) {
      found.push({ field: `${at}.value`, description: `must not exceed ${longestEnv} bytes.` });
    }
    if (values.case === "valueSource") {
      const ref = values.value.secretKeyRef;
      if (ref === undefined || ref.secret === "") {
        found.push({ field: `${at}.value_source.secret_key_ref`, description: "required field not present." });
      } else if (!secretName.test(ref.secret)) {
        found.push({
          field: `${at}.value_source.secret_key_ref.secret`,
          description: "must be the name of a secret, or projects/{project}/secrets/{secret}.",
        });
      } else if (!secretVersion.test(ref.version)) {
        found.push({
          field: `${at}.value_source.secret_key_ref.version`,
          description: "must be 'latest', a version number or a version alias.",
        });
      }
    }
  }
  const taken = env.map((each) => each.name).filter((name) => reserved.includes(name));
  if (taken.length > 0) {
    found.push({
      field: `${short}.env`,
      description:
        `The following reserved env names were provided: ${[...new Set(taken)].join(", ")}. ` +
        "These values are automatically set by the system.",
    });
  }
  if (twice.size > 0) {
    found.push({
      field: `${short}.env`,
      description: `The following env names were provided more than once: ${[...twice].join(", ")}.`,
    });
  }
}

function checkProbe(found: Violation[], probe: Probe, field: string, longestS: number): void {
  const range = (name: string, value: number, least: number, most: number): void => {
    if (value >= least && value <= most) return;
    found.push({ field: `${field}.${name}`, description: `must be between ${least} and ${most} inclusive.` });
  };
  range("initial_delay_seconds", probe.initialDelaySeconds, 0, longestS);
  range("timeout_seconds", probe.timeoutSeconds, 1, 3600);
  range("period_seconds", probe.periodSeconds, 1, longestS);
  if (probe.failureThreshold < 1) {
    found.push({ field: `${field}.failure_threshold`, description: "must be greater than or equal to 1." });
  }
  if (probe.timeoutSeconds > probe.periodSeconds) {
    found.push({ field: `${field}.timeout_seconds`, description: "must be less than or equal to period_seconds." });
  }
  const action = probe.probeType;
  if (action.case !== undefined && !isPort(action.value.port)) {
    found.push({ field: `${field}.${snake(action.case)}.port`, description: "must be between 1 and 65535 inclusive." });
  }
  if (action.case === "httpGet" && !action.value.path.startsWith("/")) {
    found.push({ field: `${field}.http_get.path`, description: "must start with '/'." });
  }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
