import { createHash } from "node:crypto";
import { toJson } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { run_v1 } from "@googleapis/run";
import { RpcError } from "../../../wire/rpc-error.ts";
import { idOf } from "../names.ts";
import { microsOf } from "../stamps.ts";

export const serving = "serving.knative.dev/v1";
export const batch = "run.googleapis.com/v1";

/** `2023-03-31T11:19:39.625429Z`; undefined for none. */
export function timeOf(time: Timestamp | undefined): string | undefined {
  return time === undefined ? undefined : toJson(TimestampSchema, time);
}

/** As recorded (`AAX4MGKYGq8`): the microseconds of the update time, 8 bytes, base64 without its end. */
export function resourceVersion(updated: Timestamp | undefined): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(microsOf(updated)));
  return bytes.toString("base64").replace(/=+$/, "");
}

/** Throws ABORTED in Cloud Run's words when a version is given and is not the present one. */
export function checkVersion(given: string, present: { readonly name: string; readonly updateTime?: Timestamp }): void {
  const now = resourceVersion(present.updateTime);
  if (given === "" || given === now) return;
  const micros = (text: string): string => {
    const bytes = Buffer.from(text, "base64");
    return bytes.length === 8 ? String(bytes.readBigUInt64BE()) : text;
  };
  throw new RpcError(
    "ABORTED",
    `Conflict for resource '${idOf(present.name)}': version '${micros(given)}' was specified but current version is '${micros(now)}'.`,
  );
}

/** A UUID that is always the same for the same words: of what v2 has no resource for (configurations, routes). */
export function derivedUid(...of: readonly string[]): string {
  const hex = createHash("sha256").update(of.join("\0")).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** What all resources of v2 have that become `metadata`. */
export interface Described {
  readonly name: string;
  readonly uid: string;
  readonly generation: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly createTime?: Timestamp;
  readonly updateTime?: Timestamp;
  readonly deleteTime?: Timestamp;
}

export function metadataOf(
  of: Described,
  more: {
    readonly api: string;
    /** `services`: of the self link. */
    readonly collection: string;
    readonly projectNumber: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string | undefined>>;
    readonly owner?: { readonly kind: string; readonly name: string; readonly uid: string };
  },
): run_v1.Schema$ObjectMeta {
  const id = idOf(of.name);
  const group = more.api.slice(0, more.api.indexOf("/"));
  const region = of.name.split("/")[3] ?? "";
  const deleted = timeOf(of.deleteTime);
  return {
    name: id,
    namespace: more.projectNumber,
    selfLink: `/apis/${group}/v1/namespaces/${more.projectNumber}/${more.collection}/${id}`,
    uid: of.uid,
    resourceVersion: resourceVersion(of.updateTime),
    generation: Number(of.generation),
    creationTimestamp: timeOf(of.createTime) ?? null,
    ...(deleted === undefined ? {} : { deletionTimestamp: deleted }),
    labels: { ...of.labels, ...more.labels, "cloud.googleapis.com/location": region },
    annotations: defined(more.annotations ?? {}),
    ...(more.owner === undefined
      ? {}
      : { ownerReferences: [{ ...more.owner, apiVersion: more.api, controller: true, blockOwnerDeletion: true }] }),
  };
}

/** Without what is undefined or `""`. */
export function defined(of: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(of)) if (value !== undefined && value !== "") found[key] = value;
  return found;
}
