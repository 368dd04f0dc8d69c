const storage = "storage.googleapis.com";
const api = /^\/((resumable\/)?upload\/|download\/|batch\/)?storage\/v1(?=[/?]|$)/;
const signed = /[?&]X-Goog-Signature=/i;
/** `/bucket/object` of the XML API, where the first segment is none that APIs or this cloud begin with. */
const xml = /^\/(?!v\d|compute|oauth2|token)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](\/[^?]|\/?\?(.*&)?list-type=2)/;

export interface StoragePlace {
  readonly host: string;
  readonly path: string;
}

/**
 * Where Cloud Storage is meant though its host is not named: at the root of a plain host, as its clients go to
 * emulators (`/storage/v1/…`, `/upload/…`, a signed URL); a bucket's own host; Google's other hosts for it.
 */
export function storagePlace(host: string | undefined, path: string): StoragePlace | undefined {
  if (host === undefined) {
    return api.test(path) || signed.test(path) ? { host: storage, path } : undefined;
  }
  if (host === "www.googleapis.com") return api.test(path) ? { host: storage, path } : undefined;
  if (host === "commondatastorage.googleapis.com" || host === "storage.cloud.google.com")
    return { host: storage, path };
  const bucket = /^(.+)\.storage\.googleapis\.com$/.exec(host)?.[1];
  return bucket === undefined ? undefined : { host: storage, path: `/${bucket}${path}` };
}

/** Whether a plain host's path that no API has may be an object of the XML API: `/bucket/object`. */
export function isObjectPath(path: string): boolean {
  return xml.test(path);
}

export const storageHost = storage;
