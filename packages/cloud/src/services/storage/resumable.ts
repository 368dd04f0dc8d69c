import type { Call, Exchange, RawMethod, RawRequest } from "../../service.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { crcText, newSums, type Sums } from "./content.ts";
import { invalid, StorageError } from "./errors.ts";
import { readMetadata, storeReceived } from "./insert.ts";
import { replyJson } from "./json-reply.ts";
import type { ObjectMessage } from "./messages.ts";
import { checkObjectName } from "./object-rules.ts";
import { originOf, showObject } from "./object-view.ts";
import { checkPreconditions } from "./preconditions.ts";
import type { Session } from "./sessions.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

const weekMs = 7 * 24 * 60 * 60 * 1000;

/** Begins an upload in pieces: answers with the address that the pieces go to. */
export async function begin(
  storage: Storage,
  bucket: StoredBucket,
  request: RawRequest,
  call: Call,
  exchange: Exchange,
): Promise<void> {
  const given = await readMetadata(exchange);
  const name = request.query.get("name") ?? given.name ?? "";
  const contentType = given.contentType ?? request.headers["x-upload-content-type"];
  const id = beginSession(storage, bucket, request, call, {
    name,
    metadata: { ...given, ...(contentType === undefined ? {} : { contentType }) },
  });
  const address = new URLSearchParams({ uploadType: "resumable", name, upload_id: id });
  const location = `${addressOf(exchange)}${exchange.path}?${address}`;
  exchange.res
    .writeHead(200, { location, "x-guploader-uploadid": id, "content-length": 0, server: "aloft-cloud" })
    .end();
}

/** Keeps a session, for the JSON and the XML API alike. Throws 400 or 412 for what could never end well. */
export function beginSession(
  storage: Storage,
  bucket: StoredBucket,
  { query, headers }: RawRequest,
  call: Call,
  { name, metadata }: { readonly name: string; readonly metadata: ObjectMessage },
): string {
  checkObjectName(name);
  checkPreconditions(query, storage.store.live(bucket.name, name));
  const size = headers["x-upload-content-length"];
  const id = storage.host.ids.uuid().replaceAll("-", "") + storage.host.ids.short(32);
  storage.sessions.put({
    id,
    bucket: bucket.name,
    name,
    metadata,
    query: query.toString(),
    caller: call.caller,
    size: size === undefined ? null : Number(size),
    createdMs: storage.host.clock.now(),
    done: null,
  });
  return id;
}

/** Scheme, host and the prefix by which the client came here, so that it comes back the same way. */
export function addressOf({ req, path }: Exchange): string {
  const host = String(req.headers[":authority"] ?? req.headers.host ?? "");
  if (!/^(127\.|localhost|\[::1\])/.test(host)) return originOf({ host });
  const sent = (req.url ?? "").split("?")[0] ?? "";
  const prefix = sent.endsWith(path) ? sent.slice(0, sent.length - path.length) : "";
  const secure = "encrypted" in req.socket && req.socket.encrypted === true;
  return `${secure ? "https" : "http"}://${host}${prefix}`;
}

/** The pieces of an upload, the question how much has come, and its end. */
export function sessionMethods(storage: Storage): readonly RawMethod[] {
  const paths = ["/upload/storage/v1/b/{bucket}/o", "/resumable/upload/storage/v1/b/{bucket}/o"];
  const method = (verb: "PUT" | "DELETE", path: string, stream: RawMethod["stream"]): RawMethod => ({
    id: "storage.objects.insert",
    verb,
    path,
    permission: [],
    resource: () => "",
    stream,
  });
  return paths.flatMap((path) => [
    method("PUT", path, (request, call, exchange) => take(storage, request, call, exchange)),
    method("DELETE", path, (request) => cancel(storage, request)),
  ]);
}

async function cancel(storage: Storage, request: RawRequest): Promise<void> {
  const session = sessionOf(storage, request);
  await forget(storage, session);
  throw new StorageError({ status: 499, reason: "cancelled", message: "Client Closed Request" });
}

async function forget(storage: Storage, { id }: Session): Promise<void> {
  storage.sessions.remove(id);
  storage.sessions.sums.delete(id);
  await storage.content.discard(storage.content.partial(id));
}

function sessionOf(storage: Storage, { query }: RawRequest): Session {
  const session = storage.sessions.get(query.get("upload_id") ?? "");
  if (session !== undefined && session.createdMs > storage.host.clock.now() - weekMs) return session;
  throw new StorageError({
    status: 404,
    reason: "notFound",
    message: "The upload session is not known, or has expired.",
    xml: ["NoSuchUpload", "The requested upload was not found."],
  });
}

/** `bytes 0-99/100`, `bytes 0-99/*`, `bytes 0-*\/*` (all of it, however long), `bytes *\/100` (how much is there?). */
function readRange(header: string | undefined): {
  readonly from: number | undefined;
  readonly open: boolean;
  readonly total: number | undefined;
} {
  if (header === undefined) return { from: 0, open: true, total: undefined };
  const [, from, to, all, total] = /^bytes (?:(\d+)-(\d+|\*)|(\*))\/(\d+|\*)$/.exec(header) ?? [];
  if (from === undefined && all === undefined) throw invalid(`Invalid value for header Content-Range: "${header}".`);
  return {
    from: from === undefined ? undefined : Number(from),
    open: to === "*" && total === "*",
    total: total === "*" || total === undefined ? undefined : Number(total),
  };
}

/** Takes a piece, from whatever of it is new; the last one makes the object. */
export async function take(storage: Storage, request: RawRequest, call: Call, exchange: Exchange): Promise<void> {
  const { sessions, content, store } = storage;
  const session = sessionOf(storage, request);
  const { id } = session;
  const bucket = mustBeBucket(store, session.bucket);
  if (session.done !== null) {
    const made = store.version(session.bucket, session.name, session.done);
    if (made === undefined) throw new StorageError({ status: 410, reason: "gone", message: "Gone" });
    return replyJson(exchange, request.query, showObject(storage, bucket, made, call));
  }
  if (sessions.busy.has(id)) {
    throw new StorageError({
      status: 503,
      reason: "backendError",
      message: "Another request is writing to this upload.",
    });
  }
  sessions.busy.add(id);
  try {
    const range = readRange(request.headers["content-range"]);
    const sums = sessions.sums.get(id) ?? (await content.measure(content.partial(id)));
    sessions.sums.set(id, sums);
    if (range.from !== undefined) {
      if (range.from > sums.size)
        throw invalid(`Invalid request. The upload has ${sums.size} bytes, not ${range.from}.`);
      await content.append(content.partial(id), exchange.req, sums, sums.size - range.from);
    }
    const total = range.total ?? session.size ?? undefined;
    const complete = range.from !== undefined && range.open && total === undefined ? true : sums.size === total;
    if (total !== undefined && sums.size > total) {
      await forget(storage, session);
      throw invalid(`Invalid request. There were more than ${total} bytes in the upload.`);
    }
    if (!complete) return incomplete(exchange, sums, request.headers["x-guploader-no-308"] === "yes");
    await finish(storage, session, bucket, sums, request, call, exchange);
  } finally {
    sessions.busy.delete(id);
  }
}

/** `plain`: to who takes 308 for the redirect that it has become since. */
function incomplete({ res }: Exchange, { size }: Sums, plain: boolean): void {
  const range = size === 0 ? {} : { range: `bytes=0-${size - 1}` };
  const headers = { ...range, "content-length": 0, server: "aloft-cloud" };
  if (plain) res.writeHead(200, { ...headers, "x-http-status-code-override": "308" }).end();
  else res.writeHead(308, "Resume Incomplete", headers).end();
}

async function finish(
  storage: Storage,
  session: Session,
  bucket: StoredBucket,
  sums: Sums,
  request: RawRequest,
  call: Call,
  exchange: Exchange,
): Promise<void> {
  const { content, sessions } = storage;
  const path = content.partial(session.id);
  if (sums.size === 0) await content.append(path, nothing(), newSums(), 0);
  const md5 = sums.md5.copy().digest("base64");
  const received = { path, size: sums.size, md5, crc32c: crcText(sums.crc) };
  const query = new URLSearchParams(session.query);
  query.set("name", session.name);
  try {
    const headers = { "x-goog-hash": request.headers["x-goog-hash"] };
    const made = await storeReceived(storage, bucket, { query, headers }, session, session.metadata, received);
    sessions.put({ ...session, done: made.generation });
    sessions.sums.delete(session.id);
    if (!exchange.path.startsWith("/upload/") && !exchange.path.startsWith("/resumable/")) {
      exchange.res.writeHead(200, { "content-length": 0, server: "aloft-cloud" }).end();
      return;
    }
    for (const name of ["fields", "prettyPrint"]) {
      const asked = request.query.get(name);
      if (asked !== null) query.set(name, asked);
    }
    const full = query.get("projection") === "full";
    replyJson(exchange, query, showObject(storage, bucket, made, call, full));
  } catch (thrown) {
    await forget(storage, session);
    throw thrown;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
