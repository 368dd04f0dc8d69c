import type { TaskEnd, TaskSpec } from "./tasks/task.ts";
import type { VolumeMount, VolumeSpec } from "./volumes/volume.ts";

/**
 * The data plane's contract: what the Run API asks of it (`services/run`), and what it asks of the rest of the cloud. It
 * knows no protos: plain data in, processes out.
 */

/** A container's variable: a plain value, or a secret read at each instance's start as the revision's identity. */
export type EnvVar =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly secret: string; readonly version: string };

export interface Probe {
  readonly kind: "tcp" | "http" | "grpc";
  readonly port: number;
  /** HTTP: path and headers. gRPC: the service name in `path`. */
  readonly path?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly initialDelayS: number;
  readonly timeoutS: number;
  readonly periodS: number;
  readonly failureThreshold: number;
}

export interface ContainerSpec {
  readonly name: string;
  /** By digest, as the registry knows it: `us-central1-docker.pkg.dev/p/r/i@sha256:…`. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir?: string;
  readonly env: readonly EnvVar[];
  /** The ingress container has one; `PORT` is set from it. */
  readonly port?: { readonly name: "http1" | "h2c"; readonly containerPort: number };
  /** vCPU: 1, 0.5, 2. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly cpuIdle: boolean;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  /** Names of containers of the same instance that must have passed their startup probe before. */
  readonly dependsOn: readonly string[];
  readonly mounts?: readonly VolumeMount[];
}

export interface RevisionSpec {
  /** `projects/p/locations/r/services/s/revisions/s-00001-abc`, unique in the cloud. */
  readonly name: string;
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  readonly service: string;
  readonly revision: string;
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly VolumeSpec[];
  /** What it is a revision of: tells the names of the variables that Cloud Run sets. A service by default. */
  readonly kind?: "service" | "workerPool";
  /** E-mail. */
  readonly serviceAccount: string;
  readonly timeoutS: number;
  readonly concurrency: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly sessionAffinity: boolean;
  /**
   * The network that instances reach by VPC egress (and with it the local stand-ins of Memorystore); absent: none.
   * `projects/p/global/networks/n`
   */
  readonly vpcNetwork?: string;
}

/** Why a revision is not ready. `message` is in Cloud Run's words and ends with what the container said last. */
export interface RevisionFailure {
  readonly reason:
    | "ContainerMissing"
    | "ContainerPermissionDenied"
    | "HealthCheckContainerError"
    | "SecretsAccessCheckFailed"
    | "ImageInvalid"
    | "NetworkUnavailable";
  readonly message: string;
}

export interface RevisionState {
  readonly name: string;
  readonly phase: "starting" | "ready" | "failed" | "stopped";
  readonly failure?: RevisionFailure;
  readonly instances: readonly InstanceState[];
}

export interface InstanceState {
  readonly id: string;
  readonly pid: number | undefined;
  readonly phase: "starting" | "running" | "idle" | "stopping" | "gone";
  readonly startedMs: number;
  readonly requests: number;
}

export interface TrafficRoute {
  readonly revision: string;
  readonly percent: number;
  readonly tag?: string;
}

/** What is served under a service's hosts. Replaced as a whole by each `serve`. */
export interface ServedService {
  /** `projects/p/locations/r/services/s` */
  readonly name: string;
  /** Every host name that answers, tags apart: `s-123.us-central1.run.app`, `s-abcdefghij-uc.a.run.app`. */
  readonly hosts: readonly string[];
  readonly traffic: readonly TrafficRoute[];
  readonly invokerIamDisabled: boolean;
  /** `all`, `internal`, `internal-and-cloud-load-balancing`. */
  readonly ingress: "all" | "internal" | "internal-and-cloud-load-balancing";
  /** Shared by traffic, besides the revisions' own minimum. */
  readonly minInstances: number;
  /** Exactly `minInstances` run, shared by traffic, whatever the requests. */
  readonly manual?: boolean;
  /** False for what takes no requests: it has no port of its own on this machine. */
  readonly listens?: boolean;
  /** Extra accepted audiences of ID tokens, besides the https URLs of `hosts`. */
  readonly audiences: readonly string[];
}

export interface Machines {
  /** Runs an attempt of a job's task to its end. Never throws for what a user's container does. */
  runTask(spec: TaskSpec, signal: AbortSignal, started: () => void): Promise<TaskEnd>;
  /** What keeps a job from running: an image or a secret. Undefined when nothing does. */
  checkTask(spec: TaskSpec): Promise<RevisionFailure | undefined>;
  /** Ends what an earlier cloud left running (after `kill -9`); `start` and `runTask` do it by themselves. */
  recover(): Promise<void>;
  /**
   * Pulls the images, resolves secrets and starts the first instance (even where the minimum is 0: Google probes each new
   * revision once). Resolves when the startup probes have passed or it has failed for good; never throws for what a
   * user's container does. Calling it again for a revision that runs is a no-op that answers its state.
   */
  start(spec: RevisionSpec, signal?: AbortSignal): Promise<RevisionState>;
  /** Ends its instances (SIGTERM, 10 s, SIGKILL) and forgets it. */
  stop(revision: string): Promise<void>;
  state(revision: string): RevisionState | undefined;
  /** Makes the service answer at its hosts and at its loopback port, with this traffic. */
  serve(service: ServedService): void;
  unserve(name: string): Promise<void>;
  /** The plain loopback URL of a served service, for people: `http://127.0.0.1:PORT`; the same after a restart. */
  localUrl(service: string): string | undefined;
  /** How instances are run here, for `status`: in a bubblewrap sandbox, or plainly and why. */
  readonly isolation: { readonly kind: "bubblewrap" | "plain"; readonly why?: string };
  close(): Promise<void>;
}
