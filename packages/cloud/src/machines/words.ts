/** What Cloud Run says, as it says it (its documentation, its logs, and the errors that its users quote). */

const moreInLogs = "Logs for this revision might contain more information.";

export const words = {
  imageMissing: (ref: string): string => `Image '${ref}' not found.`,
  wrongPlatform: (ref: string, mediaType: string): string =>
    `Cloud Run does not support image '${ref}': Container manifest type '${mediaType}' must support amd64/linux.`,
  neverListened: (port: number): string =>
    `The user-provided container failed to start and listen on the port defined provided by the PORT=${port} environment variable within the allocated timeout. This can happen when the container port is misconfigured or if the timeout is too short. The health check timeout can be extended. ${moreInLogs}`,
  probeFailed: `The user-provided container failed the configured startup probe checks. ${moreInLogs}`,
  secretDenied: (version: string, account: string): string =>
    `Permission denied on secret: ${version} for Revision service account ${account}. The service account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.`,
  secretMissing: (version: string): string => `Secret ${version} was not found`,
  commandMissing: (program: string, path: string): string =>
    `Application failed to start: failed to resolve binary path: error finding executable "${program}" in PATH [${path.split(":").join(" ")}]: no such file or directory`,
  mountFailed: (volume: string, bucket: string, why: string): string =>
    `Application failed to start: failed to mount volume "${volume}" of Cloud Storage bucket "${bucket}": ${why}`,
  exited: (code: number): string => `Container called exit(${code}).`,
  signalled: (signal: number): string => `Container terminated on signal ${signal}.`,
  memoryExceeded: (limitMiB: number, usedMiB: number): string =>
    `Memory limit of ${limitMiB} MiB exceeded with ${usedMiB} MiB used. Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits`,
  startupProbe: (o: {
    readonly kind: string;
    readonly ok: boolean;
    readonly times: number;
    readonly container: string;
    readonly at: string;
  }): string =>
    o.ok
      ? `${o.kind} STARTUP probe succeeded after ${times(o.times, "attempt")} for container "${o.container}" on ${o.at}.`
      : `${o.kind} STARTUP probe failed ${times(o.times, "time")} consecutively for container "${o.container}" on ${o.at}. The instance was not started.`,
  livenessFailed: (kind: string, failures: number, container: string, at: string): string =>
    `LIVENESS ${kind} probe failed ${times(failures, "time")} consecutively for container "${container}" on ${at}. The instance has been shut down.`,
  starting: {
    rollout:
      "Starting new instance. Reason: DEPLOYMENT_ROLLOUT - Instance started due to traffic shifting between revisions due to deployment, traffic split adjustment, or deployment health check.",
    scaling:
      "Starting new instance. Reason: AUTOSCALING - Instance started due to configured scaling factors (e.g. CPU utilization, request throughput, etc.) or no existing capacity for current traffic.",
    minimum: "Starting new instance. Reason: MIN_INSTANCES - Instance started to satisfy the minimum instance count.",
  },
  noInstance:
    "The request was aborted because there was no available instance. Additional troubleshooting documentation can be found at: https://cloud.google.com/run/docs/troubleshooting#abort-request",
  taskTimeout: (seconds: number): string =>
    `Terminating task because it has reached the maximum timeout of ${seconds} seconds. To change this limit, see https://cloud.google.com/run/docs/configuring/task-timeout`,
  requestTimeout: "The request has been terminated because it has reached the maximum request timeout.",
  brokenResponse:
    "The request failed because either the HTTP response was malformed or connection to the instance had an error. Additional troubleshooting documentation can be found at: https://cloud.google.com/run/docs/troubleshooting#malformed-response-or-connection-error",
} as const;

function times(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
