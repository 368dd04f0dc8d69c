import { localIam } from "../../chain/iam.ts";
import { namesOf } from "../../chain/members.ts";
import { roleOf } from "../../chain/roles.ts";
import { inTeam } from "../../chain/teams.ts";
import type { Access, Call, Principal, RestRequest } from "../../service.ts";
import { memberOf } from "./acl.ts";
import { api } from "./api.ts";
import type { AclEntry } from "./messages.ts";
import { isUniform } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket, StoredObject } from "./store.ts";

/** The name that policies and audit logs know a bucket by: below its project. */
export function bucketName(bucket: StoredBucket): string {
  return `projects/${bucket.project}/buckets/${bucket.name}`;
}

export const bucketPlace = (bucket: StoredBucket): string => `${api}/${bucketName(bucket)}`;

/**
 * What a method of a bucket asks of its caller. Names are global, so that of a bucket that is not there says nothing to
 * anybody: no permission is asked, and the method answers 404.
 */
export function onBucket(
  { store }: Storage,
  permission: string | readonly string[] | ((request: RestRequest) => string | readonly string[]),
): Access<RestRequest> {
  const names = new WeakMap<URLSearchParams, string>();
  // Looked up once a request: the log names a bucket also when the call has deleted it.
  const nameOf = ({ params, query }: RestRequest): string => {
    let name = names.get(query);
    if (name === undefined) {
      const bucket = store.bucket(params.bucket ?? "");
      name = bucket === undefined ? "" : bucketName(bucket);
      names.set(query, name);
    }
    return name;
  };
  return {
    permission: (request) =>
      nameOf(request) === "" ? [] : typeof permission === "function" ? permission(request) : permission,
    resource: nameOf,
  };
}

/** As `onBucket`, of an object in it (`params.object`), where its own list may let callers in. */
export function onObject(
  storage: Storage,
  permission: string | readonly string[],
  objectOf: (request: RestRequest) => string = ({ params }) => params.object ?? "",
): Access<RestRequest> {
  const base = onBucket(storage, permission);
  return {
    ...base,
    resource: (request) => {
      const bucket = base.resource(request);
      return bucket === "" ? "" : `${bucket}/objects/${objectOf(request)}`;
    },
    grants: (request, asked, caller) => {
      const bucket = storage.store.bucket(request.params.bucket ?? "");
      if (bucket === undefined || isUniform(bucket.resource)) return false;
      const generation = Number(request.query.get("generation") ?? 0);
      const name = objectOf(request);
      const object =
        generation > 0 ? storage.store.version(bucket.name, name, generation) : storage.store.live(bucket.name, name);
      if (object !== undefined) return aclGrants(storage, object.acl, asked, caller);
      return seesAbsence(storage, bucket, asked, caller);
    },
  };
}

const ofPresent = new Set(["get", "getIamPolicy", "setIamPolicy", "update"].map((verb) => `storage.objects.${verb}`));

/** Who may list a bucket is told that an object is not there; anybody else, that it may not be seen. */
function seesAbsence({ host }: Storage, bucket: StoredBucket, permission: string, caller: Principal): boolean {
  return ofPresent.has(permission) && host.iam.holds(caller, "storage.objects.list", bucketPlace(bucket));
}

/** Whether a list lets the caller do this with an object. */
export function aclGrants(storage: Storage, acl: readonly AclEntry[], permission: string, caller: Principal): boolean {
  const names = namesOf(caller);
  const { policies } = localIam(storage.host.iam);
  return acl.some(({ entity, role }) => {
    const held = roleOf(role === "OWNER" ? "roles/storage.legacyObjectOwner" : "roles/storage.legacyObjectReader");
    if (held?.permissions.has(permission) !== true) return false;
    const members = memberOf(storage, entity);
    return members.some((member) => names.includes(member) || inTeam(member, names, policies.held));
  });
}

/**
 * Throws 403 (401 for nobody) unless the caller may also do this: what a method finds out only when it is under way.
 * `acl` is the object's, undefined where there is none.
 */
export function mustHold(
  storage: Storage,
  call: Pick<Call, "caller">,
  bucket: StoredBucket,
  object: string,
  permission: string,
  acl: readonly AclEntry[] | undefined,
): void {
  const { caller } = call;
  if (!isUniform(bucket.resource)) {
    const granted =
      acl === undefined
        ? seesAbsence(storage, bucket, permission, caller)
        : aclGrants(storage, acl, permission, caller);
    if (granted) return;
  }
  storage.host.iam.require(call.caller, [permission], `${bucketPlace(bucket)}/objects/${object}`);
}

/** Whether an answer may show the access control list of the object. */
export function seesAcl(storage: Storage, caller: Principal, bucket: StoredBucket, object: StoredObject): boolean {
  const permission = "storage.objects.getIamPolicy";
  return (
    !isUniform(bucket.resource) &&
    (aclGrants(storage, object.acl, permission, caller) ||
      storage.host.iam.holds(caller, permission, `${bucketPlace(bucket)}/objects/${object.name}`))
  );
}
