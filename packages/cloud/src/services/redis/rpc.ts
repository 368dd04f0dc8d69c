import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Instance_State as State, Instance_Tier as Tier } from "../../../gen/redis-v1.enums.ts";
import type { CloudRedis, Instance } from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Instances } from "./instances.ts";
import {
  applyMask,
  checkNew,
  checkUpgrade,
  exists,
  invalid,
  maintenanceOf,
  notFound,
  otherZone,
  parseParent,
  stampPolicy,
  unimplemented,
  withDefaults,
} from "./rules.ts";

const installed = "Redis: redis_version is stored; the installed redis-server is what runs.";

/** Memorystore for Redis: instances. What moves data in and out of buckets is not here. */
export function cloudRedis(host: Host, instances: Instances): RpcService {
  const { store, schema, begin } = instances;
  const { schemas, projects, clock } = host;

  const find = (given: string): Instance => {
    const found = store.instances.get(projects.canonical(given));
    if (found === undefined) throw notFound(given);
    return found;
  };
  const idle = (given: string): Instance => {
    const instance = find(given);
    if (instance.state !== State.READY) {
      throw new RpcError("ABORTED", `Resource '${given}' is busy: another operation on it is under way.`);
    }
    return instance;
  };
  const refuse = (verb: string, what: string) => ({
    permission: `redis.instances.${verb}`,
    resource: (request: { readonly name: string }) => request.name,
    audit: "ADMIN_WRITE" as const,
    handle: (): never => {
      throw unimplemented(what);
    },
  });

  return rpc<typeof CloudRedis>("google.cloud.redis.v1.CloudRedis", {
    createInstance: {
      permission: "redis.instances.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { project, location } = parseParent(request.parent);
        const given = checkNew(request.instanceId, request.instance);
        const known = projects.get(project);
        const name = projects.canonical(`${request.parent}/instances/${request.instanceId}`);
        const instance = schemas.create(schema, {
          ...given,
          ...withDefaults(given, { project: known?.id ?? project, projectNumber: known?.number ?? project, location }),
          name,
          state: State.CREATING,
          createTime: timestampFromMs(clock.now()),
          reservedIpRange: "",
          host: "",
          port: 0,
          ...maintenanceOf(),
        });
        stampPolicy(instance, undefined, timestampFromMs(clock.now()));
        if (!store.instances.insert(name, instance)) throw exists(name);
        saySilent(given);
        return begin("create", instance);
      },
    },
    getInstance: {
      permission: "redis.instances.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => find(request.name),
    },
    getInstanceAuthString: {
      permission: "redis.instances.getAuthString",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { name, authEnabled } = find(request.name);
        return { authString: authEnabled ? store.authString(name) : "" };
      },
    },
    listInstances: {
      permission: "redis.instances.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { location } = parseParent(request.parent);
        const parent = projects.canonical(request.parent);
        const within = location === "-" ? { under: parent.slice(0, -1) } : { parent };
        const { items, nextPageToken } = store.instances.list({
          ...within,
          pageSize: Math.min(request.pageSize || 1000, 1000),
          pageToken: request.pageToken,
        });
        return { instances: items, nextPageToken };
      },
    },
    updateInstance: {
      permission: "redis.instances.update",
      resource: (request) => request.instance?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { instance: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field 'instance' is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field 'update_mask' is required.");
        }
        const before = idle(wanted.name);
        const instance = schemas.clone(schema, before);
        applyMask(instance, wanted, updateMask.paths);
        if (instance.authEnabled && !before.authEnabled) store.dropAuthString(instance.name);
        if (updateMask.paths.some((path) => path.startsWith("maintenance_policy"))) {
          stampPolicy(instance, before, timestampFromMs(clock.now()));
        }
        instance.state = State.UPDATING;
        store.instances.put(instance.name, instance);
        return begin("update", instance, before);
      },
    },
    upgradeInstance: {
      permission: "redis.instances.upgrade",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const before = idle(request.name);
        checkUpgrade(before, request.redisVersion);
        host.note("redis.version", installed);
        const instance = { ...before, redisVersion: request.redisVersion, state: State.UPDATING };
        store.instances.put(instance.name, instance);
        return begin("upgrade", instance, before);
      },
    },
    failoverInstance: {
      permission: "redis.instances.failover",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const before = idle(request.name);
        const instance = { ...before, currentLocationId: otherZone(before), state: State.FAILING_OVER };
        store.instances.put(instance.name, instance);
        return begin("failover", instance, before);
      },
    },
    rescheduleMaintenance: {
      permission: "redis.instances.rescheduleMaintenance",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { name } = find(request.name);
        throw new RpcError("FAILED_PRECONDITION", `No maintenance of '${name}' is scheduled.`);
      },
    },
    deleteInstance: {
      permission: "redis.instances.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const instance = idle(request.name);
        instance.state = State.DELETING;
        store.instances.put(instance.name, instance);
        return begin("delete", instance);
      },
    },
    exportInstance: refuse("export", "export of Redis instances to a bucket"),
    importInstance: refuse("import", "import of Redis instances from a bucket"),
  });

  /** What is stored and has no effect here is said, once. */
  function saySilent(given: Instance): void {
    if (given.tier === Tier.STANDARD_HA) {
      host.note(
        "redis.tier",
        "Redis: an instance of tier STANDARD_HA is one process here, without a replica; a failover starts it anew.",
      );
    }
    if (given.redisVersion !== "") {
      host.note("redis.version", installed);
    }
    if (given.reservedIpRange !== "" || given.secondaryIpRange !== "") {
      host.note("redis.range", "Redis: IP ranges are chosen by the local cloud, in 127.0.0.0/8.");
    }
    if (given.persistenceConfig !== undefined || given.customerManagedKey !== "") {
      host.note("redis.persistence", "Redis: data is always kept in an append-only file; no snapshots, no KMS key.");
    }
  }
}
