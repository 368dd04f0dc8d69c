import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Iam, Logs, Tokens } from "../host.ts";
import type { Processes } from "../processes.ts";
import type { Principal } from "../service.ts";
import type { Registry } from "../services/artifactregistry/registry.ts";
import type { Metrics } from "../services/monitoring/metrics.ts";
import type { RevisionSpec } from "./machines.ts";
import type { MemberNetwork } from "./network.ts";
import type { BucketFiles } from "./volumes/bucket-files.ts";

/** What the data plane needs of the rest of the cloud. `machinesOf` takes it from a Host; a test brings its own. */
export interface MachinesPorts {
  readonly clock: MovableClock;
  readonly ids: Ids;
  readonly registry: Registry;
  readonly secrets: SecretReader;
  /** What volumes of buckets are made of, loaded for the first of them; without it there are none. */
  readonly buckets?: () => Promise<BucketFiles>;
  readonly tokens: Pick<Tokens, "access" | "id" | "verifyId">;
  readonly iam: Pick<Iam, "allowed">;
  readonly logs: Pick<Logs, "write">;
  /** Where figures of requests and instances go; nowhere when absent. */
  readonly metrics?: Pick<Metrics, "record">;
  readonly processes: Processes;
  /** What instances are members of, so that others can tell whose a connection is. */
  readonly network: MemberNetwork;
  readonly localPorts: LocalPorts;
  /** A folder of the machines' own: unpacked roots, which are kept, and the instances' disks, which are not. */
  readonly dir: string;
  /** Says once what a user should know. */
  readonly note: (topic: string, text: string) => void;
  /** A number from 0 to below 1: which revision a request goes to. */
  readonly random?: () => number;
  /** How long a service's next instance lives before it is replaced; for ever when absent or undefined. */
  readonly instanceLifeMs?: (service: string) => number | undefined;
  /** Variables that the cloud itself adds to an instance, below the image's and the user's own. */
  readonly environment?: (spec: RevisionSpec) => Readonly<Record<string, string>>;
}

/** Reads `projects/p/secrets/s/versions/v` as somebody. Throws what the Secret Manager API throws. */
export type SecretReader = (name: string, as: Principal) => Promise<Uint8Array>;

/** The small table of loopback ports, so that a service keeps its address over restarts. */
export interface LocalPorts {
  get(service: string): number | undefined;
  set(service: string, port: number): void;
  remove(service: string): void;
}
