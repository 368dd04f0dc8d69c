import type { Ref } from "./graph.ts";

/** What each kind of resource is declared by, after checking. A `Value` is a text now, or after another was applied. */
export type Value = string | Ref;

export interface ApiSpec {
  /** `run.googleapis.com`, sorted. */
  readonly services: readonly string[];
}

export interface ServiceAccountSpec {
  readonly displayName: string;
}

export interface SecretSpec {
  /** Whether some service reads the newest version: then there must be one. */
  readonly wanted: boolean;
}

export interface DerivedSecretSpec {
  /** Known when what it comes from is there. */
  readonly value: Value;
}

export interface SecretAccessSpec {
  readonly secret: string;
  /** E-mail of the service account that reads it. */
  readonly email: Value;
}

export type RepositorySpec = Readonly<Record<never, never>>;

export interface ImageSpec {
  /** The repository in Artifact Registry that packed images go to. */
  readonly repository: string;
  readonly from:
    | { readonly entry: string; readonly include?: readonly string[]; readonly base?: string }
    /** An image in some Artifact Registry, by tag. */
    | { readonly given: string };
}

export interface RedisSpec {
  readonly memoryGiB: number;
  readonly tier: "BASIC" | "STANDARD_HA";
  /** Absent: left to Google. */
  readonly version?: string;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly merge?: boolean;
}

export interface ProbeSpec {
  /** Absent: a TCP connection. */
  readonly path?: string;
  readonly port: number;
  readonly initialDelayS: number;
  readonly periodS: number;
  readonly timeoutS: number;
  readonly failures: number;
}

export interface SecretVariable {
  readonly secret: string;
  readonly version: Value;
}

export interface ContainerSpec {
  readonly name?: string;
  readonly image: Value;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, Value>>;
  readonly secrets: Readonly<Record<string, SecretVariable>>;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly cpuIdle: boolean;
  readonly startupCpuBoost: boolean;
  /** Absent: gets no requests (a sidecar). */
  readonly port?: { readonly number: number; readonly name: "http1" | "h2c" };
  readonly startup?: ProbeSpec;
  readonly liveness?: ProbeSpec;
  readonly workingDir?: string;
  readonly dependsOn?: readonly string[];
}

export interface VpcSpec {
  readonly connector?: string;
  readonly network?: string;
  readonly subnetwork?: string;
  readonly tags?: readonly string[];
  readonly egress: "PRIVATE_RANGES_ONLY" | "ALL_TRAFFIC";
}

export interface ServiceSpec {
  readonly worker: boolean;
  readonly description?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent: `env` is as the file says, labels and annotations are merged. True: all are merged; false: none. */
  readonly merge?: boolean;
  readonly public: boolean;
  readonly ingress: "INGRESS_TRAFFIC_ALL" | "INGRESS_TRAFFIC_INTERNAL_ONLY" | "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER";
  readonly serviceAccount: Value;
  readonly min: number;
  readonly max: number;
  readonly concurrency: number;
  readonly timeoutS: number;
  readonly executionEnvironment?: "EXECUTION_ENVIRONMENT_GEN1" | "EXECUTION_ENVIRONMENT_GEN2";
  readonly sessionAffinity: boolean;
  readonly vpc?: VpcSpec;
  readonly containers: readonly ContainerSpec[];
}

export interface InvokerSpec {
  readonly service: string;
  /** `allUsers`, `user:a@b.c`, or a service account's e-mail (then a ref). */
  readonly members: readonly Value[];
}
