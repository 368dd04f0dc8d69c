import type { RestMethod } from "../../service.ts";
import { unimplemented } from "./errors.ts";

/** What the API also has: known by name, and not here. */
const missing: readonly (readonly [id: string, verb: RestMethod["verb"], path: string])[] = [
  ["buckets.restore", "POST", "/storage/v1/b/{bucket}/restore"],
  ["buckets.relocate", "POST", "/storage/v1/b/{bucket}/relocate"],
  ["objects.bulkRestore", "POST", "/storage/v1/b/{bucket}/o/bulkRestore"],
  ["objects.watchAll", "POST", "/storage/v1/b/{bucket}/o/watch"],
  ["objects.getIamPolicy", "GET", "/storage/v1/b/{bucket}/o/{object}/iam"],
  ["objects.setIamPolicy", "PUT", "/storage/v1/b/{bucket}/o/{object}/iam"],
  ["channels.stop", "POST", "/storage/v1/channels/stop"],
  ["folders.rename", "POST", "/storage/v1/b/{bucket}/folders/{source}/renameTo/folders/{destination}"],
  ["managedFolders.getIamPolicy", "GET", "/storage/v1/b/{bucket}/managedFolders/{folder}/iam"],
  ["managedFolders.setIamPolicy", "PUT", "/storage/v1/b/{bucket}/managedFolders/{folder}/iam"],
  ["managedFolders.testIamPermissions", "GET", "/storage/v1/b/{bucket}/managedFolders/{folder}/iam/testPermissions"],
  ["anywhereCaches.insert", "POST", "/storage/v1/b/{bucket}/anywhereCaches"],
  ["anywhereCaches.get", "GET", "/storage/v1/b/{bucket}/anywhereCaches/{cache}"],
  ["anywhereCaches.update", "PATCH", "/storage/v1/b/{bucket}/anywhereCaches/{cache}"],
  ["anywhereCaches.pause", "POST", "/storage/v1/b/{bucket}/anywhereCaches/{cache}/pause"],
  ["anywhereCaches.resume", "POST", "/storage/v1/b/{bucket}/anywhereCaches/{cache}/resume"],
  ["anywhereCaches.disable", "POST", "/storage/v1/b/{bucket}/anywhereCaches/{cache}/disable"],
  ["operations.list", "GET", "/storage/v1/b/{bucket}/operations"],
  ["operations.get", "GET", "/storage/v1/b/{bucket}/operations/{operation}"],
  ["operations.cancel", "POST", "/storage/v1/b/{bucket}/operations/{operation}/cancel"],
];

export const missingMethods: readonly RestMethod[] = missing.map(([id, verb, path]) => ({
  id: `storage.${id}`,
  verb,
  path,
  permission: [],
  resource: () => "",
  handle: () => {
    throw unimplemented(`storage.${id}`);
  },
}));

/** No cache is ever here, as a bucket without one answers; a client that is about to delete a bucket asks for them. */
export const noCaches: readonly RestMethod[] = [
  "/storage/v1/b/{bucket}/anywhereCaches",
  "/storage/v1/b/{bucket}/anywhereCaches/",
].map((path) => ({
  id: "storage.anywhereCaches.list",
  verb: "GET",
  path,
  permission: [],
  resource: () => "",
  handle: () => ({ kind: "storage#anywhereCaches" }),
}));
