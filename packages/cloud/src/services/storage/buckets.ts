import type { Call, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { bucketPlace, onBucket } from "./access.ts";
import { api } from "./api.ts";
import { showBucket } from "./bucket-view.ts";
import { changed, createBucket, mustBeBucket, touched } from "./bucket-writes.ts";
import { conflict, invalid, required } from "./errors.ts";
import type { BucketMessage } from "./messages.ts";
import { checkPreconditions } from "./preconditions.ts";
import { checkBucketName, mergePatch, writable } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

/** Buckets, but for their policies and access control lists. */
export function bucketMethods(storage: Storage): readonly RestMethod[] {
  const { store, host } = storage;
  const named = ({ params }: RestRequest): StoredBucket => mustBeBucket(store, params.bucket);
  const inProject = ({ query }: RestRequest): string => {
    const project = query.get("project");
    if (project === null || project === "") throw required("project");
    return `projects/${project}`;
  };
  const show = (request: RestRequest, call: Call, bucket: StoredBucket, otherwise = "noAcl"): JsonObject => {
    const wanted = request.query.get("projection") ?? (request.body.acl === undefined ? otherwise : "full");
    if (wanted !== "full" && wanted !== "noAcl") throw invalid(`Invalid value for parameter projection: "${wanted}".`);
    const may = wanted === "full" && host.iam.allowed(call.caller, "storage.buckets.getIamPolicy", bucketPlace(bucket));
    return showBucket(storage, bucket, may);
  };
  const change = (request: RestRequest, call: Call, wanted: (before: BucketMessage) => BucketMessage): JsonObject => {
    const bucket = host.db.tx(() => {
      const before = named(request);
      checkPreconditions(request.query, before.resource);
      return changed(storage, before, wanted(before.resource), request, call);
    });
    storage.wake();
    return show(request, call, bucket, "full");
  };

  return [
    {
      id: "storage.buckets.insert",
      verb: "POST",
      path: "/storage/v1/b",
      permission: "storage.buckets.create",
      resource: inProject,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const project = host.projects.get(inProject(request).slice("projects/".length));
        const { name } = request.body;
        if (typeof name !== "string" || name === "") throw required("name");
        checkBucketName(name);
        const taken = store.bucket(name);
        if (taken !== undefined) throw nameTaken(storage, call, taken);
        return show(request, call, createBucket(storage, project?.id ?? "", name, request, call));
      },
    },
    {
      id: "storage.buckets.get",
      verb: "GET",
      path: "/storage/v1/b/{bucket}",
      ...onBucket(storage, "storage.buckets.get"),
      audit: "ADMIN_READ",
      handle: (request, call) => {
        const bucket = named(request);
        checkPreconditions(request.query, bucket.resource, { read: true });
        return show(request, call, bucket);
      },
    },
    {
      id: "storage.buckets.list",
      verb: "GET",
      path: "/storage/v1/b",
      permission: "storage.buckets.list",
      resource: inProject,
      audit: "ADMIN_READ",
      handle: (request, call) => {
        const { query } = request;
        const project = host.projects.get(inProject(request).slice("projects/".length))?.id ?? "";
        const scope = `buckets/${project}/${query.get("prefix") ?? ""}`;
        const token = query.get("pageToken");
        const after = token === null || token === "" ? "" : readPageToken(token, scope);
        const most = Math.min(Number(query.get("maxResults") ?? 1000) || 1000, 1000);
        if (query.get("softDeleted") === "true") return { kind: "storage#buckets" };
        const all = store
          .buckets(project)
          .filter(({ name }) => name > after && name.startsWith(query.get("prefix") ?? ""));
        const items = all.slice(0, most);
        const last = items.at(-1)?.name;
        return {
          kind: "storage#buckets",
          ...(items.length === 0 ? {} : { items: items.map((bucket) => show(request, call, bucket)) }),
          ...(last !== undefined && all.length > items.length ? { nextPageToken: pageToken(last, scope) } : {}),
        };
      },
    },
    {
      id: "storage.buckets.patch",
      verb: "PATCH",
      path: "/storage/v1/b/{bucket}",
      ...onBucket(storage, "storage.buckets.update"),
      audit: "ADMIN_WRITE",
      handle: (request, call) =>
        change(request, call, (before) => mergePatch(before, writable(request.body as BucketMessage))),
    },
    {
      id: "storage.buckets.update",
      verb: "PUT",
      path: "/storage/v1/b/{bucket}",
      ...onBucket(storage, "storage.buckets.update"),
      audit: "ADMIN_WRITE",
      handle: (request, call) => change(request, call, () => writable(request.body as BucketMessage)),
    },
    {
      id: "storage.buckets.delete",
      verb: "DELETE",
      path: "/storage/v1/b/{bucket}",
      ...onBucket(storage, "storage.buckets.delete"),
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const files = host.db.tx(() => {
          const bucket = named(request);
          checkPreconditions(request.query, bucket.resource);
          if (!store.isEmpty(bucket.name)) throw conflict("The bucket you tried to delete is not empty.");
          host.iam.removePolicies(bucketPlace(bucket));
          return store.removeBucket(bucket.name);
        });
        storage.release(files);
        return undefined;
      },
    },
    {
      id: "storage.buckets.lockRetentionPolicy",
      verb: "POST",
      path: "/storage/v1/b/{bucket}/lockRetentionPolicy",
      ...onBucket(storage, "storage.buckets.update"),
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        if (request.query.get("ifMetagenerationMatch") === null) throw required("ifMetagenerationMatch");
        const bucket = host.db.tx(() => {
          const before = named(request);
          checkPreconditions(request.query, before.resource);
          const policy = before.resource.retentionPolicy;
          if (policy == null) throw invalid("Bucket does not have a retention policy to lock.");
          return touched(storage, {
            ...before,
            resource: { ...before.resource, retentionPolicy: { ...policy, isLocked: true } },
          });
        });
        return show(request, call, bucket);
      },
    },
    {
      id: "storage.buckets.getStorageLayout",
      verb: "GET",
      path: "/storage/v1/b/{bucket}/storageLayout",
      ...onBucket(storage, "storage.objects.list"),
      handle: (request) => {
        const { name, resource } = named(request);
        const { location, locationType, hierarchicalNamespace } = resource;
        return {
          kind: "storage#storageLayout",
          bucket: name,
          location: location ?? "",
          locationType: locationType ?? "",
          hierarchicalNamespace: { enabled: hierarchicalNamespace?.enabled === true },
        };
      },
    },
    {
      id: "storage.projects.serviceAccount.get",
      verb: "GET",
      path: "/storage/v1/projects/{project}/serviceAccount",
      permission: "resourcemanager.projects.get",
      resource: ({ params }) => `//cloudresourcemanager.googleapis.com/projects/${params.project}`,
      handle: ({ params }) => ({
        kind: "storage#serviceAccount",
        email_address: `service-${host.projects.get(params.project ?? "")?.number ?? ""}@gs-project-accounts.iam.gserviceaccount.com`,
      }),
    },
  ];
}

/** 409 in Google's words: another's bucket is nobody's business, one's own is told so. */
function nameTaken({ host }: Storage, call: Call, taken: StoredBucket) {
  return host.iam.holds(call.caller, "storage.buckets.get", `${api}/projects/${taken.project}/buckets/${taken.name}`)
    ? conflict("Your previous request to create the named bucket succeeded and you already own it.")
    : conflict(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.",
      );
}
