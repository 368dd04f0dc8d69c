import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { LifecycleState } from "../../../gen/logging-v2.enums.ts";
import type { LogBucket, LogView } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkId, defaultViewFilter, forms, idOf, invalid, placedAs, projectNameOf } from "./config-names.ts";
import type { ConfigStore } from "./config-store.ts";

/** How long a deleted bucket can be brought back. */
const heldMs = 7 * 24 * 3_600_000;
const changeable = [
  "description",
  "retention_days",
  "locked",
  "analytics_enabled",
  "restricted_fields",
  "index_configs",
  "cmek_settings",
];

/** Log buckets and their views, with those that each project has of itself. */
export interface Buckets {
  /** Throws NOT_FOUND. */
  get(name: string): LogBucket;
  find(name: string): LogBucket | undefined;
  list(parent: string): LogBucket[];
  create(parent: string, id: string, given: LogBucket | undefined): LogBucket;
  update(name: string, given: LogBucket | undefined, paths: readonly string[]): LogBucket;
  remove(name: string): void;
  undelete(name: string): void;
  view(name: string): LogView;
  views(bucket: string): LogView[];
}

/** `changed` is told of whatever changes what buckets there are and how long they keep entries. */
export function createBuckets(host: Host, store: ConfigStore, changed: () => void): Buckets {
  const { schemas, projects, clock } = host;

  const builtIn = (name: string): LogBucket | undefined => {
    if (!/\/locations\/global\/buckets\/_(Default|Required)$/.test(name)) return undefined;
    const required = name.endsWith("_Required");
    return schemas.create(store.buckets.schema, {
      name,
      description: required ? "Audit bucket" : "Default bucket",
      retentionDays: required ? 400 : 30,
      locked: required,
      lifecycleState: LifecycleState.ACTIVE,
    });
  };
  const find = (name: string): LogBucket | undefined => {
    const bucket = store.buckets.get(name) ?? builtIn(name);
    const gone = bucket?.lifecycleState === LifecycleState.DELETE_REQUESTED && age(bucket.updateTime) > heldMs;
    if (!gone) return bucket;
    store.buckets.delete(name);
    store.views.deleteUnder(`${name}/`);
    return undefined;
  };
  const age = (time: Timestamp | undefined): number => clock.now() - (time === undefined ? 0 : timestampMs(time));
  const get = (name: string): LogBucket => {
    const found = find(name);
    if (found !== undefined) return found;
    const [, , , location, , id] = name.split("/");
    throw new RpcError("NOT_FOUND", `Bucket \`${id}\` in location \`${location}\` does not exist`);
  };
  const active = (name: string): LogBucket => {
    const bucket = get(name);
    if (bucket.lifecycleState === LifecycleState.ACTIVE) return bucket;
    throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(name)}\` is pending deletion.`);
  };
  const builtInView = (name: string): LogView | undefined => {
    const id = idOf(name);
    const ofDefault = id === "_Default" && name.endsWith("/locations/global/buckets/_Default/views/_Default");
    if (id !== "_AllLogs" && !ofDefault) return undefined;
    return schemas.create(store.views.schema, { name, filter: ofDefault ? defaultViewFilter : "" });
  };

  return {
    get,
    find,
    list: (parent) => {
      const [, , , location] = parent.split("/");
      const owner = projectNameOf(parent);
      const stored = store.buckets.list(location === "-" ? { under: `${owner}/locations/` } : { parent }).items;
      const own = location === "-" || location === "global" ? ["_Default", "_Required"] : [];
      const names = new Set([
        ...own.map((id) => `${owner}/locations/global/buckets/${id}`),
        ...stored.map(({ name }) => name),
      ]);
      return [...names].flatMap((name) => find(name) ?? []);
    },
    create: (parent, id, given) => {
      checkId("Bucket", id);
      const name = `${placedAs(forms.location, parent, projects)}/buckets/${id}`;
      const now = store.now();
      const whole = given ?? schemas.create(store.buckets.schema);
      const bucket = schemas.create(store.buckets.schema, {
        ...whole,
        name,
        createTime: now,
        updateTime: now,
        retentionDays: whole.retentionDays || 30,
        lifecycleState: LifecycleState.ACTIVE,
      });
      checkRetention(bucket);
      find(name);
      if (!store.buckets.insert(name, bucket)) {
        throw new RpcError("ALREADY_EXISTS", `Bucket \`${id}\` already exists`);
      }
      changed();
      return bucket;
    },
    update: (name, given, paths) => {
      if (given === undefined) throw invalid("A bucket must be given.");
      if (paths.length === 0) throw invalid("An update_mask must be given.");
      const bucket = schemas.clone(store.buckets.schema, active(name));
      if (bucket.locked) {
        throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(name)}\` is locked and cannot be modified.`);
      }
      applyFieldMask(store.buckets.schema, bucket, given, { paths, changeable });
      checkRetention(bucket);
      bucket.updateTime = store.now();
      store.buckets.put(name, bucket);
      changed();
      return bucket;
    },
    remove: (name) => {
      const bucket = active(name);
      if (bucket.locked || builtIn(name) !== undefined) {
        throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(name)}\` cannot be deleted.`);
      }
      bucket.lifecycleState = LifecycleState.DELETE_REQUESTED;
      bucket.updateTime = store.now();
      store.buckets.put(name, bucket);
      changed();
    },
    undelete: (name) => {
      const bucket = get(name);
      if (bucket.lifecycleState !== LifecycleState.DELETE_REQUESTED) {
        throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(name)}\` is not pending deletion.`);
      }
      bucket.lifecycleState = LifecycleState.ACTIVE;
      bucket.updateTime = store.now();
      store.buckets.put(name, bucket);
      changed();
    },
    view: (name) => {
      get(name.slice(0, name.indexOf("/views/")));
      const found = store.views.get(name) ?? builtInView(name);
      if (found === undefined) throw new RpcError("NOT_FOUND", `View ${idOf(name)} does not exist`);
      return found;
    },
    views: (bucket) => {
      get(bucket);
      const own = ["_AllLogs", "_Default"].flatMap((id) => builtInView(`${bucket}/views/${id}`) ?? []);
      return [...own, ...store.views.list({ parent: bucket }).items];
    },
  };
}

/** The project's cmek account, as Google names it. */
export function cmekAccount(host: Host, name: string): string {
  const project = host.projects.get(projectNameOf(name).slice("projects/".length));
  return `cmek-p${project?.number ?? ""}@gcp-sa-logging.iam.gserviceaccount.com`;
}

function checkRetention({ retentionDays }: LogBucket): void {
  if (retentionDays >= 1 && retentionDays <= 3650) return;
  throw invalid(`Invalid retention_days ${retentionDays}: it must be between 1 and 3650.`);
}
