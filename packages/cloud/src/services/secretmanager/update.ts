import type { Secret } from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import { invalid } from "./rules.ts";

/** What each path of an update mask sets, by proto name; what is missing is output only, immutable or unknown. */
const setters: Readonly<Record<string, (to: Secret, from: Secret) => void>> = {
  labels: (to, from) => {
    to.labels = from.labels;
  },
  annotations: (to, from) => {
    to.annotations = from.annotations;
  },
  topics: (to, from) => {
    to.topics = from.topics;
  },
  expire_time: setExpiration,
  ttl: setExpiration,
  rotation: (to, from) => {
    if (from.rotation === undefined) delete to.rotation;
    else to.rotation = from.rotation;
  },
  "rotation.next_rotation_time": (to, from) => setRotation(to, { ...to.rotation, ...pick(from, "nextRotationTime") }),
  "rotation.rotation_period": (to, from) => setRotation(to, { ...to.rotation, ...pick(from, "rotationPeriod") }),
  version_aliases: (to, from) => {
    to.versionAliases = from.versionAliases;
  },
  version_destroy_ttl: (to, from) => {
    if (from.versionDestroyTtl === undefined) delete to.versionDestroyTtl;
    else to.versionDestroyTtl = from.versionDestroyTtl;
  },
  customer_managed_encryption: (to, from) => {
    if (from.customerManagedEncryption === undefined) delete to.customerManagedEncryption;
    else to.customerManagedEncryption = from.customerManagedEncryption;
  },
  replication: setReplication,
  "replication.automatic": setReplication,
  "replication.automatic.customer_managed_encryption": setReplication,
};

/**
 * Sets in `to` (the caller's own copy) the fields that the mask names, and answers their top-level names, with
 * `expiration` for either of its forms. `*` stands for every field that can be changed.
 */
export function applyMask(to: Secret, from: Secret, paths: readonly string[]): ReadonlySet<string> {
  const wanted = paths.includes("*")
    ? Object.keys(setters).filter((path) => !/[.]|ttl$|replication/.test(path))
    : paths;
  const changed = new Set<string>();
  for (const given of wanted) {
    const path = given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (path === "etag") continue;
    const set = setters[path];
    if (set === undefined) throw invalid(`Field [${path}] cannot be updated.`);
    set(to, from);
    changed.add(path === "expire_time" || path === "ttl" ? "expiration" : (path.split(".")[0] as string));
  }
  return changed;
}

function setExpiration(to: Secret, from: Secret): void {
  to.expiration = from.expiration;
}

function pick(from: Secret, key: "nextRotationTime" | "rotationPeriod"): object {
  return { [key]: from.rotation?.[key] };
}

function setRotation(to: Secret, rotation: object): void {
  to.rotation = { $typeName: "google.cloud.secretmanager.v1.Rotation", ...rotation };
}

/** The keys of a replication policy can be changed, the policy itself cannot. */
function setReplication(to: Secret, from: Secret): void {
  if (shape(to) !== shape(from)) throw invalid("Secret.replication cannot be changed after the secret is created.");
  if (from.replication !== undefined) to.replication = from.replication;
}

function shape(secret: Secret): string {
  const policy = secret.replication?.replication;
  if (policy?.case !== "userManaged") return policy?.case ?? "";
  return policy.value.replicas
    .map((replica) => replica.location)
    .sort()
    .join();
}
