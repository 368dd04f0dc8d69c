import type { JsonObject, RestMethod } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { onBucket } from "./access.ts";
import { bucketLink } from "./bucket-view.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { conflict, invalid, required, StorageError } from "./errors.ts";
import { checkPreconditions } from "./preconditions.ts";
import { isoOf, type Storage } from "./storage.ts";

interface Folder {
  readonly name: string;
  readonly metageneration: string;
  readonly createTime: string;
  readonly updateTime: string;
}

type Kind = "folder" | "managedFolder";

/** Folders (of buckets with a hierarchical namespace) and managed folders: names that are there by themselves. */
export function folderMethods(storage: Storage): readonly RestMethod[] {
  return [...methodsOf(storage, "folder"), ...methodsOf(storage, "managedFolder")];
}

function methodsOf(storage: Storage, kind: Kind): readonly RestMethod[] {
  const { host, store } = storage;
  const { db } = host;
  const path = `/storage/v1/b/{bucket}/${kind}s`;
  const get = (bucket: string, name: string): Folder | undefined => {
    const found = db
      .prepare("SELECT folder FROM storage_folders WHERE bucket = ? AND kind = ? AND name = ?")
      .get(bucket, kind, name);
    return found === undefined ? undefined : (JSON.parse(String(found.folder)) as Folder);
  };
  const mustBe = (bucket: string, name: string): Folder => {
    const found = get(bucket, name);
    if (found !== undefined) return found;
    const message = kind === "folder" ? "The folder does not exist." : "The specified managed folder does not exist.";
    throw new StorageError({ status: 404, reason: "notFound", message });
  };
  const slashed = (name: string | undefined): string =>
    name === undefined || name.endsWith("/") ? (name ?? "") : `${name}/`;
  const show = (bucket: string, folder: Folder): JsonObject => ({
    kind: `storage#${kind}`,
    id: `${bucket}/${folder.name}`,
    selfLink: `${bucketLink(bucket)}/${kind}s/${encodeURIComponent(folder.name)}`,
    bucket,
    ...folder,
  });
  const put = (bucket: string, name: string): Folder => {
    const time = isoOf(host.clock.now());
    const folder: Folder = { name, metageneration: "1", createTime: time, updateTime: time };
    db.prepare("INSERT INTO storage_folders VALUES (?, ?, ?, ?)").run(bucket, kind, name, JSON.stringify(folder));
    return folder;
  };
  return [
    {
      id: `storage.${kind}s.insert`,
      verb: "POST",
      path,
      ...onBucket(storage, `storage.${kind}s.create`),
      audit: "ADMIN_WRITE",
      handle: ({ params, query, body }) =>
        db.tx(() => {
          const bucket = mustBeBucket(store, params.bucket);
          if (typeof body.name !== "string" || body.name === "") throw required("name");
          const name = slashed(body.name);
          if (kind === "folder") {
            if (bucket.resource.hierarchicalNamespace?.enabled !== true) {
              throw invalid("The bucket does not support hierarchical namespace.");
            }
            for (const parent of parentsOf(name)) {
              if (get(bucket.name, parent) !== undefined) continue;
              if (query.get("recursive")?.toLowerCase() !== "true") mustBe(bucket.name, parent);
              put(bucket.name, parent);
            }
          }
          if (get(bucket.name, name) !== undefined) throw conflict("The folder you tried to create already exists.");
          return show(bucket.name, put(bucket.name, name));
        }),
    },
    {
      id: `storage.${kind}s.list`,
      verb: "GET",
      path,
      ...onBucket(storage, `storage.${kind}s.list`),
      audit: "ADMIN_READ",
      handle: ({ params, query }) => {
        const { name } = mustBeBucket(store, params.bucket);
        const prefix = query.get("prefix") ?? "";
        const scope = `${kind}/${name}/${prefix}`;
        const token = query.get("pageToken") ?? "";
        const most = Math.min(Number(query.get("pageSize") ?? 1000) || 1000, 1000);
        const rows = db
          .prepare(
            `SELECT folder FROM storage_folders WHERE bucket = ? AND kind = ? AND name > ? AND substr(name, 1, ?) = ?
             ORDER BY name LIMIT ?`,
          )
          .all(name, kind, token === "" ? "" : readPageToken(token, scope), [...prefix].length, prefix, most + 1);
        const folders = rows.slice(0, most).map((row) => JSON.parse(String(row.folder)) as Folder);
        const last = folders.at(-1)?.name;
        return {
          kind: `storage#${kind}s`,
          ...(folders.length === 0 ? {} : { items: folders.map((folder) => show(name, folder)) }),
          ...(last !== undefined && rows.length > most ? { nextPageToken: pageToken(last, scope) } : {}),
        };
      },
    },
    {
      id: `storage.${kind}s.get`,
      verb: "GET",
      path: `${path}/{folder}`,
      ...onBucket(storage, `storage.${kind}s.get`),
      audit: "ADMIN_READ",
      handle: ({ params, query }) => {
        const { name } = mustBeBucket(store, params.bucket);
        const folder = mustBe(name, slashed(params.folder));
        checkPreconditions(query, folder, { read: true });
        return show(name, folder);
      },
    },
    {
      id: `storage.${kind}s.delete`,
      verb: "DELETE",
      path: `${path}/{folder}`,
      ...onBucket(storage, `storage.${kind}s.delete`),
      audit: "ADMIN_WRITE",
      handle: ({ params, query }) => {
        const { name } = mustBeBucket(store, params.bucket);
        const folder = mustBe(name, slashed(params.folder));
        checkPreconditions(query, folder);
        const allowed = kind === "managedFolder" && query.get("allowNonEmpty")?.toLowerCase() === "true";
        if (!allowed && holds(storage, name, kind, folder.name)) {
          throw conflict("The folder you tried to delete is not empty.");
        }
        db.prepare("DELETE FROM storage_folders WHERE bucket = ? AND kind = ? AND name = ?").run(
          name,
          kind,
          folder.name,
        );
        return undefined;
      },
    },
  ];
}

/** `a/` and `a/b/` of `a/b/c/`. */
function parentsOf(name: string): readonly string[] {
  const parts = name.split("/").slice(0, -2);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}

/** Whether an object, or a folder of the same kind, lies in it. */
function holds({ store, host }: Storage, bucket: string, kind: Kind, name: string): boolean {
  const end = `${name}\u{10ffff}`;
  const inside = host.db.prepare(
    "SELECT 1 FROM storage_folders WHERE bucket = ? AND kind = ? AND name > ? AND name < ? LIMIT 1",
  );
  return inside.get(bucket, kind, name, end) !== undefined || !store.isEmpty(bucket, name);
}
