import type { Address, Ref } from "./graph.ts";

/** A plain value that another resource gives: `api.url`, `queue.host`. */
export interface ValueRef extends Ref {
  readonly holds: "value";
}

/** A value that only Secret Manager holds: what `secrets(…)` gives, and `queue.url`. Belongs under `secrets`. */
export interface SecretRef extends Ref {
  readonly holds: "secret";
}

/** A literal that looks like a secret and is none: `plain("pk_live_public…")`. */
export interface Plain {
  readonly $plain: string;
}

export type EnvValue = string | ValueRef | Plain;

export interface EnvironmentOptions {
  /** The Google Cloud project's id. */
  readonly project: string;
  readonly region?: string;
}

export interface AppOptions<Names extends string = string> {
  /** `us-central1` by default. */
  readonly region?: string;
  readonly environments?: Readonly<Record<Names, EnvironmentOptions>>;
}

/** The environment that the file is evaluated for. */
export interface Env<Names extends string = string> {
  /** `local`, or one of the file's environments. */
  readonly name: Names | "local";
  readonly project: string;
  readonly region: string;
}

/** What `defineApp` returns: frozen data and the function that describes the resources. */
export interface App {
  readonly $aloft: "app";
  readonly name: string;
  readonly options: AppOptions;
  readonly build: (builder: Builder) => unknown;
}

/** An HTTP path, or a probe in full. Times in seconds. */
export type Probe =
  | string
  | {
      /** HTTP GET of this path. */
      readonly path?: string;
      /** In place of `path`: the port takes a TCP connection. */
      readonly tcp?: true;
      readonly port?: number;
      readonly initialDelay?: number;
      readonly period?: number;
      readonly timeout?: number;
      readonly failures?: number;
    };

/** Where a container comes from, and what it gets. */
export interface ContainerOptions {
  /** A TypeScript or JavaScript file, bundled into an image. Relative to the config. */
  readonly entry?: string;
  /** Files beside the bundle, relative to the entry's package: `["public/**"]`. */
  readonly include?: readonly string[];
  /** The image under an entry, by digest. Absent: Node on a small Debian, made here. */
  readonly base?: string;
  /** A ready image. A tag in Artifact Registry is resolved to its digest when planning. */
  readonly image?: string;
  /** Not built yet: a folder, taken as it is. */
  readonly source?: string;
  /** Not built yet. */
  readonly dockerfile?: string;
  /** Run inside the image, in place of its entry point. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, EnvValue>>;
  readonly secrets?: Readonly<Record<string, SecretRef>>;
  /** Cores: 1 by default. */
  readonly cpu?: number;
  /** `512Mi` by default. */
  readonly memory?: string;
  /** The port that the program listens on: 8080 by default. It is handed over as PORT. */
  readonly port?: number;
  /** HTTP/2 in the clear between Cloud Run and the container. */
  readonly http2?: boolean;
  /** A path that answers 200 when the program works: startup and liveness probe, unless these are given. */
  readonly health?: string;
  readonly startup?: Probe;
  readonly liveness?: Probe | false;
  readonly workingDir?: string;
}

/** A container that gets no requests: those go to the one with the port. Its probes name the port they ask. */
export interface SidecarOptions extends Omit<ContainerOptions, "port" | "http2" | "health"> {
  readonly name: string;
  /** Containers that start before this one, by name. */
  readonly dependsOn?: readonly string[];
}

export interface VpcOptions {
  /** `default` by default. */
  readonly network?: string;
  readonly subnetwork?: string;
  readonly tags?: readonly string[];
  /** A Serverless VPC Access connector, in place of Direct VPC egress. */
  readonly connector?: string;
  readonly egress?: "private-ranges-only" | "all-traffic";
}

export interface ServiceOptions extends ContainerOptions {
  /** The name in the cloud, in place of `<app>-<name>`. */
  readonly id?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * What becomes of live variables, labels and annotations that the file does not name. Absent: variables go, labels and
   * annotations stay. `true`: variables stay too. `false`: labels and annotations go too.
   */
  readonly merge?: boolean;
  /** Open to everyone, without the invoker check. */
  readonly public?: boolean;
  /** Grants `roles/run.invoker` to `allUsers`; most organisations refuse it: use `public`. */
  readonly allUsers?: boolean;
  /** Who may call it: `user:a@b.c`, or a service's `email`. */
  readonly invokers?: readonly (string | ValueRef)[];
  readonly ingress?: "all" | "internal" | "internal-and-cloud-load-balancing";
  /** Instances kept. 0 by default; a worker's 1. */
  readonly min?: number;
  /** Instances at most. 100 by default. */
  readonly max?: number;
  /** Requests that an instance gets at once, 1 to 1000; 80 by default. */
  readonly concurrency?: number;
  /** Of a request: seconds, or `"5m"`. 300 s by default, an hour at most. */
  readonly timeout?: number | string;
  /** CPU only while a request runs. True by default for a service, false for a worker. */
  readonly cpuIdle?: boolean;
  readonly startupCpuBoost?: boolean;
  /** Direct VPC egress; implied by a reference to a Redis. */
  readonly vpc?: VpcOptions;
  /** An existing service account's e-mail, in place of one of its own. */
  readonly serviceAccount?: string;
  readonly executionEnvironment?: "gen1" | "gen2";
  readonly sessionAffinity?: boolean;
  /** Containers beside the one that the fields above describe. */
  readonly containers?: readonly SidecarOptions[];
}

/** A private service that works outside requests: CPU always on, at least one instance, a health server on its port. */
export type WorkerOptions = Omit<ServiceOptions, "public" | "allUsers" | "cpuIdle">;

export interface RedisOptions {
  readonly id?: string;
  /** In whole GiB: `"1Gi"`. */
  readonly memory: string;
  /** `basic` by default. `standard` keeps a replica. */
  readonly tier?: "basic" | "standard";
  /** `REDIS_7_2` */
  readonly version?: string;
  /** The VPC network: `default` by default. */
  readonly network?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** False: labels that the file does not name go. They stay by default. */
  readonly merge?: boolean;
}

export interface ServiceHandle {
  readonly name: string;
  readonly address: Address;
  readonly url: ValueRef;
  /** Of the identity that it runs as. */
  readonly email: ValueRef;
}

export interface RedisHandle {
  readonly name: string;
  readonly address: Address;
  /** `redis://HOST:PORT/0`, kept in Secret Manager as a secret of its own. */
  readonly url: SecretRef;
  readonly host: ValueRef;
  readonly port: ValueRef;
}

/** The cloud's name of a secret, or with a pinned version (`latest` is accepted, and `doctor` names it). */
export type SecretSource = string | { readonly id: string; readonly version?: number | "latest" };

export interface Secrets {
  /** Variables that are named like their secrets. */
  <const Names extends readonly string[]>(...names: Names): { readonly [Name in Names[number]]: SecretRef };
  /** Variables to the secrets' own names: `secrets({ GITLAB_TOKEN: "gitlab-token" })`. */
  <const Map extends Readonly<Record<string, SecretSource>>>(map: Map): { readonly [Name in keyof Map]: SecretRef };
}

/** What the function of `defineApp` is given. */
export interface Builder<Names extends string = string> {
  readonly env: Env<Names>;
  readonly secrets: Secrets;
  readonly redis: (name: string, options: RedisOptions) => RedisHandle;
  readonly service: (name: string, options: ServiceOptions) => ServiceHandle;
  readonly worker: (name: string, options: WorkerOptions) => ServiceHandle;
}
