import { isDeepStrictEqual } from "node:util";
import type { Binding } from "../../host.ts";
import type { Call, RestRequest } from "../../service.ts";
import { bucketPlace } from "./access.ts";
import { checkEntry, memberOf, predefined, projectPrivate, withEntry } from "./acl.ts";
import { bucketNotFound, invalid } from "./errors.ts";
import type { AclEntry, BucketMessage } from "./messages.ts";
import { isUniform, placeOf, settled, writable } from "./rules.ts";
import { isoOf, type Storage } from "./storage.ts";
import type { Store, StoredBucket } from "./store.ts";

export function mustBeBucket(store: Store, name: string | undefined): StoredBucket {
  const bucket = store.bucket(name ?? "");
  if (bucket === undefined) throw bucketNotFound();
  return bucket;
}

const noEffect = {
  autoclass: "classes of objects are not changed by their use",
  billing: "nobody pays here",
  cors: "pages of other origins are not served here",
  encryption: "objects are not encrypted with it",
  ipFilter: "calls from any address of this machine are let in",
  logging: "no usage logs are written",
  website: "no website is served",
} as const;

/** Says what of a bucket's settings is kept and shown, and does nothing here. */
function noteSettings({ host }: Storage, bucket: BucketMessage): void {
  for (const [field, text] of Object.entries(noEffect)) {
    if (bucket[field as keyof typeof noEffect] != null) host.note(`storage.${field}`, `It is kept and shown; ${text}.`);
  }
}

/** Makes a bucket with its policy: the project's teams, as every new bucket of Google's has them. */
export function createBucket(
  storage: Storage,
  project: string,
  name: string,
  request: RestRequest,
  call: Call,
): StoredBucket {
  const { host, store } = storage;
  const nowMs = host.clock.now();
  const time = isoOf(nowMs);
  const body = request.body as BucketMessage;
  const wanted = writable(body);
  const bucket: StoredBucket = {
    name,
    project,
    defaultObjectAcl: projectPrivate(host.projects.get(project)?.number ?? ""),
    resource: {
      ...settled({ ...wanted, ...placeOf(wanted) }, undefined, nowMs),
      ...(request.query.get("enableObjectRetention")?.toLowerCase() === "true"
        ? { objectRetention: { mode: "Enabled" } }
        : {}),
      name,
      generation: `${storage.nextGeneration()}${host.ids.digits(3)}`,
      metageneration: "1",
      timeCreated: time,
      updated: time,
    },
  };
  noteSettings(storage, bucket.resource);
  const uniform = isUniform(bucket.resource);
  const team = (kind: string): string => `${kind}:${project}`;
  const owners = [team("projectEditor"), team("projectOwner")];
  const bindings: Binding[] = [
    { role: "roles/storage.legacyBucketOwner", members: owners },
    { role: "roles/storage.legacyBucketReader", members: [team("projectViewer")] },
    ...(uniform ? objectBindings(owners, [team("projectViewer")]) : []),
  ];
  return host.db.tx(() => {
    store.putBucket(bucket);
    host.iam.setPolicy(bucketPlace(bucket), { version: 1, bindings });
    return uniform ? bucket : withAcls(storage, bucket, request, call);
  });
}

const objectBindings = (owners: readonly string[], readers: readonly string[]): readonly Binding[] => [
  { role: "roles/storage.legacyObjectOwner", members: owners },
  { role: "roles/storage.legacyObjectReader", members: readers },
];

/** Stores a change, if it is one: a patch that changes nothing leaves the metageneration as it is. */
export function changed(
  storage: Storage,
  before: StoredBucket,
  wanted: BucketMessage,
  request: RestRequest,
  call: Call,
): StoredBucket {
  const { host } = storage;
  const fixed = fixedOf(before.resource);
  const asked = wanted.location?.toUpperCase();
  if (asked !== undefined && asked !== fixed.location) throw invalid("A bucket's location cannot be changed.");
  const resource: BucketMessage = { ...settled({ ...wanted, ...fixed }, before.resource, host.clock.now()), ...fixed };
  const uniform = isUniform(resource);
  let bucket: StoredBucket = { ...before, resource };
  noteSettings(storage, resource);
  if (!isDeepStrictEqual(resource, before.resource)) bucket = touched(storage, bucket);
  if (uniform && !isUniform(before.resource)) copyDefaultAcl(storage, bucket);
  return uniform ? bucket : withAcls(storage, bucket, request, call);
}

function fixedOf(bucket: BucketMessage): BucketMessage {
  const { name, location, locationType, generation, metageneration, timeCreated, updated, rpo } = bucket;
  return Object.fromEntries(
    Object.entries({ name, location, locationType, generation, metageneration, timeCreated, updated, rpo }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

/** Stores the bucket as its next metageneration. */
export function touched(storage: Storage, bucket: StoredBucket): StoredBucket {
  const next: StoredBucket = {
    ...bucket,
    resource: {
      ...bucket.resource,
      metageneration: String(Number(bucket.resource.metageneration ?? 1) + 1),
      updated: isoOf(storage.host.clock.now()),
    },
  };
  storage.store.putBucket(next);
  return next;
}

/** When lists stop to count, what the default one gave to objects is kept as bindings of the bucket. */
function copyDefaultAcl(storage: Storage, bucket: StoredBucket): void {
  const { iam } = storage.host;
  const policy = iam.policy(bucketPlace(bucket));
  const members = (role: string): string[] =>
    bucket.defaultObjectAcl.filter((entry) => entry.role === role).flatMap(({ entity }) => memberOf(storage, entity));
  const bindings = [...policy.bindings, ...objectBindings(members("OWNER"), members("READER"))];
  iam.setPolicy(bucketPlace(bucket), { version: policy.version, bindings });
}

/** Lists that come with a bucket's resource or by a predefined name, where lists count. */
function withAcls(storage: Storage, bucket: StoredBucket, request: RestRequest, call: Call): StoredBucket {
  const { query, body } = request;
  const entries = (given: unknown, name: string | null, roles: readonly string[]): readonly AclEntry[] | undefined => {
    if (name !== null) return predefined(storage, name, { bucket, owner: call.caller });
    if (!Array.isArray(given)) return undefined;
    return given.map((entry: AclEntry) => checkEntry(storage, entry.entity, entry.role, roles));
  };
  const acl = entries(body.acl, query.get("predefinedAcl"), ["OWNER", "WRITER", "READER"]);
  const objects = entries(body.defaultObjectAcl, query.get("predefinedDefaultObjectAcl"), ["OWNER", "READER"]);
  if (acl !== undefined) {
    const { iam } = storage.host;
    const policy = iam.policy(bucketPlace(bucket));
    const bare = policy.bindings.filter(({ role }) => !role.startsWith("roles/storage.legacyBucket"));
    const bindings = acl.reduce<readonly Binding[]>(
      (all, each) => withEntry(storage, all, each.entity, each.role),
      bare,
    );
    iam.setPolicy(bucketPlace(bucket), { version: policy.version, bindings });
  }
  if (objects === undefined) return bucket;
  const next = { ...bucket, defaultObjectAcl: objects.filter(({ entity }) => !entity.startsWith("user-")) };
  storage.store.putBucket(next);
  return next;
}
