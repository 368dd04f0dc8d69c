import { rmSync } from "node:fs";
import { join } from "node:path";
import type { SecureContext } from "node:tls";
import { messageOf } from "@aloft/kit/failure";
import { type EmptySchema, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Instance_State as State } from "../../../gen/redis-v1.enums.ts";
import type {
  Instance,
  InstanceSchema,
  OperationMetadataSchema,
} from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import { likeGoogleOf } from "../../chain/like-google.ts";
import type { Host, OperationHandle } from "../../host.ts";
import { missingEgress, networkOf } from "../../machines/network.ts";
import { createProcesses } from "../../processes.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { findAddress } from "./address.ts";
import { instancesKey } from "./any.ts";
import { caCertsOf, contextOf } from "./encryption.ts";
import { createRelay, type Relay } from "./relay.ts";
import { api, isEncrypted, parametersOf, portOf, rangeOf, secondRangeOf } from "./rules.ts";
import { createServer, missing, type Server, type ServerSpec } from "./server.ts";
import { removeRoomOf, socketOf } from "./socket.ts";
import { createRedisStore, type RedisStore } from "./store.ts";

type Verb = "create" | "update" | "upgrade" | "failover" | "delete";

/** The instances with their processes: what operations do to them, and what a restart of the cloud finds. */
export interface Instances {
  readonly store: RedisStore;
  readonly schema: typeof InstanceSchema;
  /**
   * Starts the long work for an instance that is stored in its passing state; answers the operation, still pending.
   * `before` is what an update that fails goes back to.
   */
  begin(verb: Verb, instance: Instance, before?: Instance): Operation;
  /** After the cloud's start: brings the servers back (or adopts them), and ends what was under way. */
  resume(): Promise<void>;
  /** Ends every process, its data on disk. */
  close(): Promise<void>;
}

export const instancesOf = (host: Host): Instances => host.shared(instancesKey, () => createInstances(host));

function createInstances(host: Host): Instances {
  const { schemas, clock } = host;
  const schema = schemas.message<typeof InstanceSchema>("google.cloud.redis.v1.Instance");
  const empty = schemas.message<typeof EmptySchema>("google.protobuf.Empty");
  const metadataSchema = schemas.message<typeof OperationMetadataSchema>("google.cloud.redis.v1.OperationMetadata");
  const store = createRedisStore(host);
  const processes = createProcesses(host.db);
  const servers = new Map<string, Server>();
  const working = new Set<Promise<void>>();
  const closing = new AbortController();

  const dirOf = (name: string): string => join(host.files("redis"), folderOf(name));

  const specOf = (instance: Instance, address: string): ServerSpec => ({
    owner: `redis/${instance.name}`,
    host: address,
    dir: dirOf(instance.name),
    password: instance.authEnabled ? store.authString(instance.name) : undefined,
    parameters: parametersOf(instance),
  });

  /** Lets in whom the instance's network leads to it: revisions with egress to it, and all that is no revision. */
  const relayOf = (instance: Instance, address: string, tls?: SecureContext): Relay => {
    const { name, authorizedNetwork } = instance;
    const port = portOf(instance);
    const to = { network: host.projects.canonical(authorizedNetwork), region: name.split("/")[3] ?? "" };
    return createRelay({
      host: address,
      port,
      socket: socketOf(dirOf(name)),
      admit: async (client) => {
        const peer = await networkOf(host).ownerOf(client);
        const lacking = peer === undefined ? undefined : missingEgress(peer.spec, to);
        if (lacking !== undefined) peer?.warn(`Connection to Redis ${name} at ${address}:${port} refused: ${lacking}.`);
        return lacking === undefined;
      },
      tls,
    });
  };

  const serverOf = (instance: Instance, address: string, line: (text: string) => void, tls?: SecureContext): Server =>
    createServer(specOf(instance, address), { processes, relay: relayOf(instance, address, tls), tell: line });

  const serve = async (instance: Instance): Promise<string> => {
    let address = store.host(instance.name);
    if (address === undefined) {
      address = await findAddress(`${host.dir ?? process.pid}/${instance.name}`, store.hostTaken);
      store.setHost(instance.name, address);
    }
    const tls = isEncrypted(instance) ? await contextOf(store.caStore(instance.name), address) : undefined;
    const server = serverOf(instance, address, (line) => tell(host, instance.name, line), tls);
    servers.set(instance.name, server);
    await server.start();
    return address;
  };

  const create = async (instance: Instance): Promise<Instance> => {
    try {
      const address = await serve(instance);
      const ready = schemas.create(schema, {
        ...instance,
        state: State.READY,
        host: address,
        port: portOf(instance),
        serverCaCerts: isEncrypted(instance) ? await caCertsOf(store.caStore(instance.name)) : [],
        reservedIpRange: rangeOf(address),
        secondaryIpRange: instance.secondaryIpRange === "auto" ? secondRangeOf(address) : instance.secondaryIpRange,
      });
      store.instances.put(ready.name, ready);
      return ready;
    } catch (thrown) {
      // Nothing half-made is left: the same call can be made again.
      await servers.get(instance.name)?.stop();
      servers.delete(instance.name);
      store.delete(instance.name);
      throw failure(thrown);
    }
  };

  const update = async (instance: Instance): Promise<Instance> => {
    const address = store.host(instance.name);
    const server = servers.get(instance.name);
    if (address !== undefined && server !== undefined) await server.apply(specOf(instance, address));
    const ready = schemas.create(schema, { ...instance, state: State.READY });
    store.instances.put(ready.name, ready);
    return ready;
  };

  /** A new process with the same data: its clients are cut off, and come back to it. */
  const restart = async (instance: Instance): Promise<Instance> => {
    await servers.get(instance.name)?.stop();
    await serve(instance);
    const ready = schemas.create(schema, { ...instance, state: State.READY });
    store.instances.put(ready.name, ready);
    return ready;
  };

  const remove = async (instance: Instance): Promise<void> => {
    await servers.get(instance.name)?.stop();
    servers.delete(instance.name);
    rmSync(dirOf(instance.name), { recursive: true, force: true });
    removeRoomOf(dirOf(instance.name));
    store.delete(instance.name);
  };

  /** As long as Google takes, where that is wanted. False: the cloud ends, and its next start goes on. */
  const patience = async ({ name, createTime }: Instance): Promise<boolean> => {
    try {
      const sinceMs = createTime === undefined ? undefined : timestampMs(createTime);
      await likeGoogleOf(host)?.slow(name, [180_000, 480_000], { sinceMs, signal: closing.signal });
      return true;
    } catch {
      return false;
    }
  };

  /** Does the work of an operation to its end, whatever comes. */
  const run = (verb: Verb, instance: Instance, operation: string | undefined, before = instance): void => {
    const began = clock.now();
    const finish = <R extends typeof schema | typeof empty>(response: R) =>
      operation === undefined
        ? undefined
        : (host.operations.pending(operation, response, metadataSchema) as
            | OperationHandle<R, typeof metadataSchema>
            | undefined);
    const work = async (): Promise<void> => {
      try {
        if (verb === "create" && !(await patience(instance))) return;
        if (verb === "delete") {
          await remove(instance);
          const handle = finish(empty);
          handle?.metadata(metadataOf(verb, instance, began, clock.now()));
          handle?.succeed({});
        } else {
          const work = verb === "create" ? create : verb === "update" ? update : restart;
          const done = await work(instance);
          const handle = finish(schema);
          handle?.metadata(metadataOf(verb, instance, began, clock.now()));
          handle?.succeed(done);
        }
      } catch (thrown) {
        if (verb !== "create" && verb !== "delete") {
          store.instances.put(instance.name, { ...before, state: State.READY });
        }
        finish(schema)?.fail(failure(thrown));
      }
    };
    const promise = work().finally(() => working.delete(promise));
    working.add(promise);
  };

  /** What a restart of the cloud makes of an instance: served again, and its operation brought to an end. */
  const recover = async (instance: Instance, operation: string | undefined): Promise<void> => {
    if (instance.state === State.CREATING) return run("create", instance, operation);
    if (instance.state === State.DELETING) {
      // Its process may still run: it is on record, and ended by the server made for it here.
      const address = store.host(instance.name);
      if (address !== undefined) {
        servers.set(
          instance.name,
          serverOf(instance, address, () => undefined),
        );
      }
      return run("delete", instance, operation);
    }
    try {
      await serve(instance);
    } catch (thrown) {
      tell(host, instance.name, failure(thrown).message);
    }
    // Every process is new now, so that what a failover or an upgrade had still to do is done.
    if (instance.state === State.UPDATING || instance.state === State.FAILING_OVER) run("update", instance, operation);
  };

  const metadataOf = (verb: Verb, instance: Instance, beganMs: number, endMs?: number) => ({
    createTime: timestampFromMs(beganMs),
    target: instance.name,
    verb,
    apiVersion: "v1",
    ...(endMs === undefined ? {} : { endTime: timestampFromMs(endMs) }),
  });

  return {
    store,
    schema,
    begin: (verb, instance, before) => {
      const handle = host.operations.start({
        api,
        parent: instance.name.split("/").slice(0, 4).join("/"),
        target: instance.name,
        response: verb === "delete" ? empty : schema,
        metadata: { schema: metadataSchema, value: metadataOf(verb, instance, clock.now()) },
      });
      const answer = host.operations.message(handle.name) as Operation;
      run(verb, instance, handle.name, before);
      return answer;
    },
    resume: async () => {
      const pending = new Map(host.operations.unfinished(api).map(({ name, target }) => [target, name]));
      const all = store.instances.list().items;
      await Promise.all(all.map((instance) => recover(instance, pending.get(instance.name))));
    },
    close: async () => {
      closing.abort();
      await Promise.allSettled([...servers.values()].map((server) => server.stop()));
      await Promise.allSettled(working);
    },
  };
}

/** Instance ids hold no dots, so this is one folder for each. */
const folderOf = (name: string): string => {
  const [, project, , location, , id] = name.split("/");
  return `${project}.${location}.${id}`;
};

/** What a program that cannot be started is told as. */
export function failure(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const text = messageOf(thrown);
  return text === missing
    ? new RpcError("FAILED_PRECONDITION", `Redis cannot be started: ${missing}`)
    : new RpcError("INTERNAL", `Redis cannot be started: ${text}`);
}

/** What happened to a server, for whoever looks: in the project's logs, and among the cloud's notes. */
export function tell(host: Host, name: string, line: string): void {
  const [, project = "", , region = "", , id = ""] = name.split("/");
  host.note(`redis.${name}`, `${id}: ${line}`);
  host.logs.write({
    logName: `projects/${project}/logs/redis.googleapis.com%2Fredis`,
    resource: { type: "redis_instance", labels: { project_id: project, region, instance_id: name, node_id: "node-0" } },
    severity: "WARNING",
    textPayload: line,
  });
}
