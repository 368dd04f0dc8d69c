import type { Binding } from "../../host.ts";
import type { Json, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { bucketName, bucketPlace, onBucket } from "./access.ts";
import { api } from "./api.ts";
import { bucketEtag } from "./bucket-view.ts";
import { mustBeBucket, touched } from "./bucket-writes.ts";
import { invalid, StorageError } from "./errors.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

/** A bucket's policy: its etag is the bucket's own, and each change is a change of the bucket. */
export function bucketIamMethods(storage: Storage): readonly RestMethod[] {
  const { host, store } = storage;
  const show = (bucket: StoredBucket): JsonObject => {
    const { bindings } = host.iam.policy(bucketPlace(bucket));
    return {
      kind: "storage#policy",
      resourceId: `projects/_/buckets/${bucket.name}`,
      version: bindings.some(({ condition }) => condition !== undefined) ? 3 : 1,
      etag: bucketEtag(bucket),
      ...(bindings.length === 0 ? {} : { bindings: bindings as unknown as Json }),
    };
  };
  return [
    {
      id: "storage.buckets.getIamPolicy",
      verb: "GET",
      path: "/storage/v1/b/{bucket}/iam",
      ...onBucket(storage, "storage.buckets.getIamPolicy"),
      audit: "ADMIN_READ",
      handle: ({ params, query }) => {
        const asked = query.get("optionsRequestedPolicyVersion");
        if (asked !== null && !["1", "3"].includes(asked)) {
          throw invalid("The requested policy version is not valid. Valid values are 1 and 3.");
        }
        return show(mustBeBucket(store, params.bucket));
      },
    },
    {
      id: "storage.buckets.setIamPolicy",
      verb: "PUT",
      path: "/storage/v1/b/{bucket}/iam",
      ...onBucket(storage, "storage.buckets.setIamPolicy"),
      audit: "ADMIN_WRITE",
      handle: (request) =>
        host.db.tx(() => {
          const bucket = mustBeBucket(store, request.params.bucket);
          const { etag, version } = request.body;
          if (typeof etag === "string" && etag !== "" && etag !== bucketEtag(bucket)) {
            throw new StorageError({
              status: 412,
              reason: "conditionNotMet",
              message: "At least one of the pre-conditions you specified did not hold.",
              at: ["header", "If-Match"],
            });
          }
          const bindings = bindingsOf(request);
          checkPublic(bucket, bindings);
          const conditional = bindings.some(({ condition }) => condition !== undefined);
          if (conditional && version !== 3) {
            throw invalid("A policy with conditions must have version 3.");
          }
          host.iam.setPolicy(bucketPlace(bucket), { version: conditional ? 3 : 1, bindings });
          return show(touched(storage, bucket));
        }),
    },
    {
      id: "storage.buckets.testIamPermissions",
      verb: "GET",
      path: "/storage/v1/b/{bucket}/iam/testPermissions",
      ...onBucket(storage, []),
      handle: ({ params, query }, call) => {
        const bucket = mustBeBucket(store, params.bucket);
        const held = query.getAll("permissions").filter((permission) => {
          if (!permission.startsWith("storage.")) throw invalid(`Permission ${permission} is not valid.`);
          return host.iam.holds(call.caller, permission, `${api}/${bucketName(bucket)}`);
        });
        return { kind: "storage#testIamPermissionsResponse", ...(held.length === 0 ? {} : { permissions: held }) };
      },
    },
  ];
}

function bindingsOf({ body }: RestRequest): readonly Binding[] {
  const given: unknown = body.bindings ?? [];
  if (!Array.isArray(given)) throw invalid("Invalid value for bindings.");
  return given.map((binding: Partial<Binding>) => {
    if (typeof binding.role !== "string" || !Array.isArray(binding.members))
      throw invalid("Invalid value for bindings.");
    const { role, members, condition } = binding;
    return { role, members, ...(condition == null ? {} : { condition }) };
  });
}

function checkPublic({ resource }: StoredBucket, bindings: readonly Binding[]): void {
  if (resource.iamConfiguration?.publicAccessPrevention !== "enforced") return;
  if (!bindings.some(({ members }) => members.includes("allUsers") || members.includes("allAuthenticatedUsers")))
    return;
  throw new StorageError({
    status: 412,
    reason: "conditionNotMet",
    message:
      "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.",
    at: ["header", "If-Match"],
  });
}
