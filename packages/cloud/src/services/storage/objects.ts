import type { Call, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { bucketPlace, mustHold, onBucket, onObject } from "./access.ts";
import { predefined } from "./acl.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { invalid } from "./errors.ts";
import { listObjects, readListQuery } from "./list.ts";
import type { ObjectMessage } from "./messages.ts";
import { changedMetadata, checkObjectName, lockOn } from "./object-rules.ts";
import { showObject, wantsFull } from "./object-view.ts";
import { mustBeObject, nextMetageneration, putAway, writeObject } from "./object-writes.ts";
import { checkPreconditions } from "./preconditions.ts";
import { isUniform, mergePatch } from "./rules.ts";
import { isoOf, type Storage } from "./storage.ts";

/** Objects' metadata: lists, changes, deletion, restoration. Their data goes by `insert.ts` and `media.ts`. */
export function objectMethods(storage: Storage): readonly RestMethod[] {
  const { host, store } = storage;
  const change = (request: RestRequest, call: Call, wanted: (before: ObjectMessage) => ObjectMessage): JsonObject => {
    const bucket = mustBeBucket(store, request.params.bucket);
    const object = host.db.tx(() => {
      const before = mustBeObject(storage, request);
      checkPreconditions(request.query, { generation: before.generation, ...before.resource });
      const resource = changedMetadata(before.resource, wanted(before.resource));
      const released = before.resource.eventBasedHold === true && resource.eventBasedHold !== true;
      const list = request.query.get("predefinedAcl");
      const acl = list === null ? before.acl : predefined(storage, list, { bucket, owner: call.caller });
      const next = nextMetageneration(storage, before, {
        ...resource,
        ...(released ? { holdReleased: isoOf(host.clock.now()) } : {}),
      });
      store.putObject({ ...next, acl });
      return { ...next, acl };
    });
    return showObject(storage, bucket, object, call, wantsFull(request, true));
  };

  return [
    {
      id: "storage.objects.list",
      verb: "GET",
      path: "/storage/v1/b/{bucket}/o",
      ...onBucket(storage, "storage.objects.list"),
      audit: "DATA_READ",
      handle: (request, call) => {
        const bucket = mustBeBucket(store, request.params.bucket);
        const query = readListQuery(request.query);
        const { items, prefixes, nextPageToken } = listObjects(store, bucket.name, query);
        const full = wantsFull(request);
        return {
          kind: "storage#objects",
          ...(nextPageToken === undefined ? {} : { nextPageToken }),
          ...(prefixes.length === 0 ? {} : { prefixes }),
          ...(items.length === 0 ? {} : { items: items.map((each) => showObject(storage, bucket, each, call, full)) }),
        };
      },
    },
    {
      id: "storage.objects.patch",
      verb: "PATCH",
      path: "/storage/v1/b/{bucket}/o/{object}",
      ...onObject(storage, "storage.objects.update"),
      audit: "DATA_WRITE",
      handle: (request, call) => change(request, call, (before) => mergePatch(before, request.body as ObjectMessage)),
    },
    {
      id: "storage.objects.update",
      verb: "PUT",
      path: "/storage/v1/b/{bucket}/o/{object}",
      ...onObject(storage, "storage.objects.update"),
      audit: "DATA_WRITE",
      handle: (request, call) => change(request, call, () => request.body as ObjectMessage),
    },
    {
      id: "storage.objects.delete",
      verb: "DELETE",
      path: "/storage/v1/b/{bucket}/o/{object}",
      ...onObject(storage, "storage.objects.delete"),
      audit: "DATA_WRITE",
      handle: (request) => {
        removeObject(storage, request);
        return undefined;
      },
    },
    {
      id: "storage.objects.move",
      verb: "POST",
      path: "/storage/v1/b/{bucket}/o/{object}/moveTo/o/{destination}",
      ...onObject(storage, "storage.objects.move"),
      audit: "DATA_WRITE",
      handle: (request, call) => {
        const { params, query } = request;
        const bucket = mustBeBucket(store, params.bucket);
        const name = params.destination ?? "";
        checkObjectName(name);
        mustHold(storage, call, bucket, name, "storage.objects.create", store.live(bucket.name, name)?.acl);
        const moved = host.db.tx(() => {
          const source = mustBeObject(storage, { ...request, query: new URLSearchParams() });
          checkPreconditions(query, { generation: source.generation, ...source.resource }, { prefix: "Source" });
          const lock = lockOn(source, bucket.resource, host.clock.now());
          if (lock !== undefined) throw lock;
          const acl = isUniform(bucket.resource) ? undefined : source.acl;
          const made = writeObject(storage, { ...source, bucket, name, owner: call.caller, acl }, query);
          storage.release(putAway(storage, bucket, source));
          return made;
        });
        return showObject(storage, bucket, moved, call, wantsFull(request));
      },
    },
    {
      id: "storage.objects.restore",
      verb: "POST",
      path: "/storage/v1/b/{bucket}/o/{object}/restore",
      ...onObject(storage, ["storage.objects.restore", "storage.objects.create"]),
      audit: "DATA_WRITE",
      handle: (request, call) => {
        const bucket = mustBeBucket(store, request.params.bucket);
        if (request.query.get("generation") === null) throw invalid("Required parameter: generation", "required");
        const query = new URLSearchParams(request.query);
        query.set("softDeleted", "true");
        const object = mustBeObject(storage, { ...request, query });
        const present = store.live(bucket.name, object.name);
        if (present !== undefined) {
          mustHold(storage, call, bucket, object.name, "storage.objects.delete", present.acl);
        }
        const { softDeleteTime: _, hardDeleteTime: __, timeDeleted: ___, ...resource } = object.resource;
        const copied = request.query.get("copySourceAcl") === "true" ? object.acl : undefined;
        const draft = { ...object, bucket, resource, owner: call.caller, acl: copied };
        return showObject(storage, bucket, writeObject(storage, draft, request.query), call, wantsFull(request));
      },
    },
    {
      id: "storage.objects.testIamPermissions",
      verb: "GET",
      path: "/storage/v1/b/{bucket}/o/{object}/iam/testPermissions",
      ...onObject(storage, []),
      handle: (request, call) => {
        const bucket = mustBeBucket(store, request.params.bucket);
        const place = `${bucketPlace(bucket)}/objects/${request.params.object}`;
        const held = request.query.getAll("permissions").filter((each) => host.iam.holds(call.caller, each, place));
        return { kind: "storage#testIamPermissionsResponse", ...(held.length === 0 ? {} : { permissions: held }) };
      },
    },
  ];
}

/** Deletes the version that the request names, else the live one. Throws 404, 412, or 403 while it is held. */
export function removeObject(storage: Storage, request: RestRequest): void {
  const { host, store } = storage;
  const freed = host.db.tx(() => {
    const bucket = mustBeBucket(store, request.params.bucket);
    const object = mustBeObject(storage, request);
    checkPreconditions(request.query, { generation: object.generation, ...object.resource });
    return putAway(storage, bucket, object, { exactly: request.query.get("generation") !== null });
  });
  storage.release(freed);
  storage.wake();
}
