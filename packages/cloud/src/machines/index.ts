import type { Message } from "@bufbuild/protobuf";
import { likeGoogleOf } from "../chain/like-google.ts";
import type { Database, Host } from "../host.ts";
import { createProcesses } from "../processes.ts";
import { registryOf } from "../services/artifactregistry/store.ts";
import { metricsOf } from "../services/monitoring/metrics.ts";
import { createMachines, type DataPlane } from "./create-machines.ts";
import { networkOf } from "./network.ts";
import type { LocalPorts, MachinesPorts, SecretReader } from "./ports.ts";

export { createMachines, type DataPlane } from "./create-machines.ts";
export type { MachinesPorts } from "./ports.ts";

/** The data plane of this cloud, made at first use, with its surface at the cloud's doors. */
export function machinesOf(host: Host): DataPlane {
  return host.shared("machines", () => {
    const machines = createMachines(portsOf(host));
    host.surface(machines.surface);
    return machines;
  });
}

/** What the data plane needs, out of a Host. */
export function portsOf(host: Host): MachinesPorts {
  const likeGoogle = likeGoogleOf(host);
  return {
    clock: host.clock,
    ids: host.ids,
    registry: registryOf(host),
    secrets: secretsOf(host),
    buckets: async () => (await import("../services/storage/bucket-files.ts")).bucketFilesOf(host),
    tokens: host.tokens,
    iam: host.iam,
    logs: host.logs,
    metrics: metricsOf(host),
    processes: createProcesses(host.db),
    network: networkOf(host),
    localPorts: createLocalPorts(host.db),
    dir: host.files("machines"),
    ...(likeGoogle === undefined ? {} : { instanceLifeMs: likeGoogle.instanceLifeMs }),
    note: (topic, text) => host.note(topic, text),
  };
}

interface AccessAnswer extends Message {
  readonly payload?: { readonly data: Uint8Array };
}

function secretsOf(host: Host): SecretReader {
  return async (name, as) => {
    const method = "google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion";
    const { payload } = await host.call<AccessAnswer>(method, { name }, as);
    return payload?.data ?? new Uint8Array();
  };
}

/** Keeps the loopback ports in the cloud's database. */
export function createLocalPorts(db: Pick<Database, "define" | "prepare">): LocalPorts {
  db.define("CREATE TABLE IF NOT EXISTS local_ports (service TEXT PRIMARY KEY, port INTEGER NOT NULL)");
  const read = db.prepare("SELECT port FROM local_ports WHERE service = ?");
  const write = db.prepare("INSERT OR REPLACE INTO local_ports (service, port) VALUES (?, ?)");
  const remove = db.prepare("DELETE FROM local_ports WHERE service = ?");
  return {
    get: (service) => (read.get(service) as { port: number } | undefined)?.port,
    set: (service, port) => void write.run(service, port),
    remove: (service) => void remove.run(service),
  };
}
