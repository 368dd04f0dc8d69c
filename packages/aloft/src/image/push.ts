import { Readable } from "node:stream";
import { Failure } from "@aloft/kit/failure";
import { retry } from "@aloft/kit/retry";
import type { Blob, Has, Push, RegistryTarget } from "./image.ts";
import { RegistryError, registryError, worthAnotherTry } from "./registry-error.ts";

/** Which repository got a blob from us: the next one in the same registry mounts it from there. Uploads under way too. */
const sent = new Map<string, Promise<string>>();
const blobsAtOnce = 3;

export const has: Has = (digest, target) =>
  told(target, async () => {
    const answer = await call(target, "HEAD", `manifests/${digest}`, {
      accept: "application/vnd.oci.image.manifest.v1+json",
    });
    return found(answer, `HEAD manifests/${digest}`);
  });

export const push: Push = (image, target, tag, onProgress) =>
  told(target, async () => {
    let anySent = false;
    const open = [...image.blobs];
    const worker = async (): Promise<void> => {
      for (let blob = open.shift(); blob !== undefined; blob = open.shift()) {
        if (await sendBlob(blob, target, onProgress)) anySent = true;
      }
    };
    await Promise.all(Array.from({ length: blobsAtOnce }, worker));
    const known = await has(image.digest, target);
    for (const name of [...(known ? [] : [image.digest]), ...(tag === undefined ? [] : [tag])]) {
      const answer = await call(
        target,
        "PUT",
        `manifests/${name}`,
        { "content-type": image.mediaType },
        image.manifest,
      );
      if (!answer.ok) throw await registryError(answer, `PUT manifests/${name}`);
      await answer.body?.cancel();
    }
    return anySent || !known;
  });

/** Makes the registry have the blob. Answers whether bytes were sent. */
async function sendBlob(blob: Blob, target: RegistryTarget, onProgress?: (message: string) => void): Promise<boolean> {
  const key = `${target.endpoint} ${blob.digest}`;
  const before = sent.get(key);
  // No wait for nothing: of several that start at once only the first may find nothing.
  const elsewhere = before === undefined ? undefined : await before.catch(() => undefined);
  const work = upload(blob, target, elsewhere, onProgress);
  const place = work.then(() => target.repository);
  place.catch(() => sent.delete(key));
  if (elsewhere === undefined) sent.set(key, place);
  return work;
}

async function upload(
  blob: Blob,
  target: RegistryTarget,
  elsewhere: string | undefined,
  onProgress?: (message: string) => void,
): Promise<boolean> {
  const head = await call(target, "HEAD", `blobs/${blob.digest}`);
  if (await found(head, `HEAD blobs/${blob.digest}`)) return false;
  return retry(
    async () => {
      const start = await startUpload(blob.digest, target, elsewhere);
      await start.body?.cancel();
      if (start.status === 201) return false;
      const place = uploadUrl(target, start);
      place.searchParams.set("digest", blob.digest);
      onProgress?.(`pushing ${blob.digest.slice(7, 19)}, ${size(blob.size)}`);
      const answer = await callUrl(
        target,
        "PUT",
        place.href,
        { "content-type": "application/octet-stream", "content-length": String(blob.size) },
        Readable.from(blob.open(), { objectMode: false }),
      );
      if (!answer.ok) throw await registryError(answer, `PUT ${blob.digest}`);
      await answer.body?.cancel();
      return true;
    },
    { tries: 4, firstDelayMs: 300, maxDelayMs: 5000, retryable: worthAnotherTry },
  );
}

/** Asks for an upload; first for the blob as another repository has it: 201 means that this was enough. */
async function startUpload(digest: string, target: RegistryTarget, elsewhere: string | undefined): Promise<Response> {
  const empty = { "content-length": "0" };
  if (elsewhere !== undefined && elsewhere !== target.repository) {
    const query = `?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(elsewhere)}`;
    const mounted = await call(target, "POST", `blobs/uploads/${query}`, empty);
    if (mounted.ok) return mounted;
    await mounted.body?.cancel();
  }
  const start = await call(target, "POST", "blobs/uploads/", empty);
  if (!start.ok) throw await registryError(start, "POST blobs/uploads/");
  return start;
}

/**
 * Where an upload goes on. A registry may answer a path, which starts at its root: under a path prefix (the local
 * cloud's `http://127.0.0.1:4510/HOST`) that prefix is put back where the registry does not know of it.
 */
function uploadUrl(target: RegistryTarget, answer: Response): URL {
  const location = answer.headers.get("location");
  if (location === null) throw new RegistryError("the registry does not say where the upload goes", answer.status);
  const base = new URL(target.endpoint);
  const prefix = base.pathname.replace(/\/$/, "");
  const path = location.startsWith("/v2/") ? `${prefix}${location}` : location;
  const url = new URL(path, `${base.origin}${prefix}/v2/${target.repository}/blobs/uploads/`);
  if (url.origin !== base.origin) {
    throw new RegistryError(`the registry sends the upload to another host, ${url.host}`, answer.status);
  }
  return url;
}

async function found(answer: Response, what: string): Promise<boolean> {
  await answer.body?.cancel();
  if (answer.ok) return true;
  if (answer.status === 404) return false;
  throw await registryError(answer, what);
}

function call(
  target: RegistryTarget,
  verb: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: Uint8Array,
): Promise<Response> {
  const once = (): Promise<Response> =>
    callUrl(target, verb, `${target.endpoint}/v2/${target.repository}/${path}`, headers, body);
  return retry(once, { tries: 4, firstDelayMs: 300, maxDelayMs: 5000, retryable: worthAnotherTry });
}

async function callUrl(
  target: RegistryTarget,
  verb: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array | Readable,
): Promise<Response> {
  return (target.fetch ?? globalThis.fetch)(url, {
    method: verb,
    headers: { ...headers, authorization: `Bearer ${await target.token()}` },
    ...(body === undefined ? {} : { body: body as RequestInit["body"], duplex: "half" }),
  } as RequestInit);
}

/** Turns a registry's refusal into what a user can act on. */
async function told<T>(target: RegistryTarget, work: () => Promise<T>): Promise<T> {
  const host = new URL(target.endpoint).pathname.split("/").findLast(Boolean) ?? new URL(target.endpoint).host;
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof RegistryError) {
      const denied = thrown.status === 401 || thrown.status === 403;
      throw new Failure({
        code: denied ? "PERMISSION_DENIED" : "API_ERROR",
        what: `the registry ${host} refused the image of ${target.repository}`,
        why: thrown.message,
        ...(denied ? { next: "grant roles/artifactregistry.writer on the repository to whoever deploys" } : {}),
        cause: thrown,
      });
    }
    if (thrown instanceof TypeError) {
      throw new Failure({
        code: "API_ERROR",
        what: `the registry ${host} does not answer`,
        why: thrown.cause instanceof Error ? thrown.cause.message : thrown.message,
        next: "check the network, then run the command again: what was sent stays there",
        cause: thrown,
      });
    }
    throw thrown;
  }
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} KB` : `${Math.round(bytes / 1e6)} MB`;
}
