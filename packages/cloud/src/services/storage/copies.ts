import type { Call, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { mustHold, onObject } from "./access.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { crcText, newSums, type Received } from "./content.ts";
import { invalid, objectNotFound } from "./errors.ts";
import type { ObjectMessage } from "./messages.ts";
import { checkObjectName, metadataOf } from "./object-rules.ts";
import { showObject, wantsFull } from "./object-view.ts";
import { findObject, writeObject } from "./object-writes.ts";
import { checkPreconditions } from "./preconditions.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket, StoredObject } from "./store.ts";

const mostSources = 32;

/** Copies, rewrites and compositions: objects made of others, on the cloud's side. */
export function copyMethods(storage: Storage): readonly RestMethod[] {
  const { store, content } = storage;

  /** The source of a copy, that the caller may read. */
  const sourceOf = (request: RestRequest, call: Call): StoredObject => {
    const { sourceBucket = "", sourceObject = "" } = request.params;
    const bucket = mustBeBucket(store, sourceBucket);
    const found = findObject(storage, bucket.name, sourceObject, request.query.get("sourceGeneration"));
    mustHold(storage, call, bucket, sourceObject, "storage.objects.get", found?.acl);
    if (found === undefined || found.state === "deleted") throw objectNotFound(bucket.name, sourceObject);
    checkPreconditions(request.query, { generation: found.generation, ...found.resource }, { prefix: "Source" });
    return found;
  };

  const mayReplace = (call: Call, bucket: StoredBucket, name: string): void => {
    const present = store.live(bucket.name, name);
    if (present !== undefined) mustHold(storage, call, bucket, name, "storage.objects.delete", present.acl);
  };

  /** The content is shared, not copied: a file goes when the last object that names it goes. */
  const copy = (request: RestRequest, call: Call): JsonObject => {
    const source = sourceOf(request, call);
    const bucket = mustBeBucket(store, request.params.destinationBucket);
    const name = request.params.destinationObject ?? "";
    checkObjectName(name);
    mayReplace(call, bucket, name);
    const given = metadataOf(request.body as ObjectMessage);
    const { md5Hash, crc32c, componentCount } = source.resource;
    const sums = { md5Hash, crc32c, componentCount };
    const whole = Object.keys(given).some((field) => field !== "storageClass");
    const { storageClass: _, ...inherited } = metadataOf(source.resource);
    const { eventBasedHold: __, temporaryHold: ___, retention: ____, ...plain } = inherited;
    const resource = { ...(whole ? {} : plain), ...given, ...sums } as ObjectMessage;
    for (const [field, value] of Object.entries(sums)) {
      if (value === undefined) delete (resource as Record<string, unknown>)[field];
    }
    const acl = request.query.get("destinationPredefinedAcl");
    const draft = { bucket, name, file: source.file, size: source.size, resource, owner: call.caller, acl };
    return showObject(storage, bucket, writeObject(storage, draft, request.query), call, wantsFull(request));
  };

  const to = { ...onObject(storage, "storage.objects.create", ({ params }) => params.destinationObject ?? "") };
  const onDestination = {
    ...to,
    ...remapped(to, (request) => ({
      ...request,
      params: { ...request.params, bucket: request.params.destinationBucket ?? "" },
    })),
  };
  const path = "/storage/v1/b/{sourceBucket}/o/{sourceObject}";
  return [
    {
      id: "storage.objects.copy",
      verb: "POST",
      path: `${path}/copyTo/b/{destinationBucket}/o/{destinationObject}`,
      ...onDestination,
      audit: "DATA_WRITE",
      handle: copy,
    },
    {
      id: "storage.objects.rewrite",
      verb: "POST",
      path: `${path}/rewriteTo/b/{destinationBucket}/o/{destinationObject}`,
      ...onDestination,
      audit: "DATA_WRITE",
      handle: (request, call) => {
        const { size } = sourceOf(request, call);
        const written = rewritten(request, size);
        const progress = { kind: "storage#rewriteResponse", objectSize: String(size) };
        if (written < size) {
          return {
            ...progress,
            totalBytesRewritten: String(written),
            done: false,
            rewriteToken: tokenOf(request, written),
          };
        }
        return { ...progress, totalBytesRewritten: String(size), done: true, resource: copy(request, call) };
      },
    },
    {
      id: "storage.objects.compose",
      verb: "POST",
      path: "/storage/v1/b/{bucket}/o/{object}/compose",
      ...onObject(storage, "storage.objects.create"),
      audit: "DATA_WRITE",
      handle: async (request, call) => {
        const bucket = mustBeBucket(store, request.params.bucket);
        const name = request.params.object ?? "";
        checkObjectName(name);
        mayReplace(call, bucket, name);
        const sources = composed(storage, request, call, bucket);
        const given = metadataOf((request.body.destination ?? {}) as ObjectMessage);
        const received = await concatenate(storage, sources);
        const resource: ObjectMessage = {
          ...given,
          crc32c: received.crc32c,
          componentCount: sources.reduce((sum, { resource: each }) => sum + (each.componentCount ?? 1), 0),
        };
        const acl = request.query.get("destinationPredefinedAcl");
        const made = await content.commit(received, (file) =>
          writeObject(
            storage,
            { bucket, name, file, size: received.size, resource, owner: call.caller, acl },
            request.query,
          ),
        );
        return showObject(storage, bucket, made, call, wantsFull(request));
      },
    },
  ];
}

type OnObject = ReturnType<typeof onObject>;

/** The same access, asked about another request. */
function remapped(access: OnObject, map: (request: RestRequest) => RestRequest): OnObject {
  const { permission, resource } = access;
  return {
    permission: (request) => (typeof permission === "function" ? permission(map(request)) : permission),
    resource: (request) => resource(map(request)),
    grants: (request, asked, caller) => access.grants?.(map(request), asked, caller) === true,
  };
}

/** Bytes that this call and those before it have rewritten. A call does all, unless the client sets a bound. */
function rewritten(request: RestRequest, size: number): number {
  const bound = Number(request.query.get("maxBytesRewrittenPerCall") ?? 0);
  if (bound !== 0 && !(bound > 0 && bound % 1_048_576 === 0)) {
    throw invalid("maxBytesRewrittenPerCall must be an integral multiple of 1 MiB (1048576).");
  }
  const token = request.query.get("rewriteToken");
  let before = 0;
  if (token !== null) {
    const read = /^(\d+)\n/.exec(Buffer.from(token, "base64url").toString());
    before = Number(read?.[1] ?? -1);
    if (tokenOf(request, before) !== token) throw invalid("The rewrite token does not fit this request.");
  }
  return bound === 0 ? size : Math.min(size, before + bound);
}

function tokenOf({ params, query }: RestRequest, written: number): string {
  const names = [params.sourceBucket, params.sourceObject, params.destinationBucket, params.destinationObject];
  return Buffer.from([written, ...names, query.get("sourceGeneration")].join("\n")).toString("base64url");
}

function composed(storage: Storage, request: RestRequest, call: Call, bucket: StoredBucket): readonly StoredObject[] {
  const given: unknown = request.body.sourceObjects;
  const list = (Array.isArray(given) ? given : []) as readonly {
    readonly name?: string;
    readonly generation?: string | number;
    readonly objectPreconditions?: { readonly ifGenerationMatch?: string | number };
  }[];
  if (list.length === 0) throw invalid("You must provide at least one source component.", "required");
  if (list.length > mostSources) {
    throw invalid(`The number of source components provided (${list.length}) exceeds the maximum (${mostSources})`);
  }
  return list.map(({ name = "", generation, objectPreconditions }) => {
    const found = findObject(storage, bucket.name, name, generation === undefined ? undefined : String(generation));
    mustHold(storage, call, bucket, name, "storage.objects.get", found?.acl);
    if (found === undefined || found.state === "deleted") throw objectNotFound(bucket.name, name);
    const wanted = objectPreconditions?.ifGenerationMatch;
    if (wanted !== undefined) {
      checkPreconditions(new URLSearchParams({ ifGenerationMatch: String(wanted) }), { generation: found.generation });
    }
    return found;
  });
}

/** One file of many, streamed; its sum is worked out on the way. */
async function concatenate({ content, host }: Storage, sources: readonly StoredObject[]): Promise<Received> {
  const path = content.partial(`once-${host.ids.uuid()}`);
  const sums = newSums();
  const streams = sources.map(({ file }) => content.read(file));
  try {
    for (const stream of streams) await content.append(path, stream, sums, 0);
  } catch (thrown) {
    for (const stream of streams) stream.destroy();
    await content.discard(path);
    throw thrown;
  }
  return { path, size: sums.size, md5: undefined, crc32c: crcText(sums.crc) };
}
