import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

let cloud: Cloud;
const call = storageClient(() => cloud);
const upload = "/upload/storage/v1/b/data/o";
const o = "/storage/v1/b/data/o";
const put = (name: string, body: string | Uint8Array, query = "", headers: Record<string, string> = {}) =>
  call("POST", `${upload}?uploadType=media&name=${encodeURIComponent(name)}${query}`, { body, headers });

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 } });
  await call("POST", "/storage/v1/b?project=demo", { body: { name: "data", ...uniform } });
});
afterAll(() => cloud.close());

test("objects: sums are right, ranges are served, conditions hold", async () => {
  const made = await put("a/b.txt", "123456789", "", { "content-type": "text/plain" });
  expect(made.body).toMatchObject({
    name: "a/b.txt",
    size: "9",
    metageneration: "1",
    contentType: "text/plain",
    crc32c: "4waSgw==",
    md5Hash: createHash("md5").update("123456789").digest("base64"),
  });
  const media = await call("GET", `${o}/a%2Fb.txt?alt=media`);
  expect([media.text, media.headers.get("x-goog-hash")]).toEqual([
    "123456789",
    `crc32c=4waSgw==,md5=${made.body.md5Hash}`,
  ]);
  const link = new URL(String(made.body.mediaLink));
  const part = await call("GET", link.pathname + link.search, { headers: { range: "bytes=2-4" } });
  expect([part.status, part.text, part.headers.get("content-range")]).toEqual([206, "345", "bytes 2-4/9"]);
  const tail = await call("GET", `${o}/a%2Fb.txt?alt=media`, { headers: { range: "bytes=-2" } });
  expect(tail.text).toBe("89");
  const beyond = await call("GET", `${o}/a%2Fb.txt?alt=media`, { headers: { range: "bytes=9-" } });
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */9"]);
  expect((await put("a/b.txt", "x", "&ifGenerationMatch=0")).status).toBe(412);
  expect((await put("a/b.txt", "x", `&ifGenerationMatch=${made.body.generation}`)).status).toBe(200);
  const gone = await call("GET", `${o}/none`);
  expect([gone.status, gone.body.error?.message]).toEqual([404, "No such object: data/none"]);
});

test("objects: metadata and data come in parts with LF and single quotes; wrong sums leave nothing", async () => {
  const send = (metadata: object) =>
    call("POST", `${upload}?uploadType=multipart`, {
      body: `--==x==\nContent-Type: application/json\n\n${JSON.stringify(metadata)}\n--==x==\nContent-Type: text/x\n\nline\r\n--==x\n\n--==x==--\n`,
      headers: { "content-type": "multipart/related; boundary='==x=='" },
    });
  const made = await send({ name: "parts", metadata: { "goog-reserved-file-mtime": "1" } });
  expect(made.body).toMatchObject({ contentType: "text/x", metadata: { "goog-reserved-file-mtime": "1" } });
  expect((await call("GET", `${o}/parts?alt=media`)).text).toBe("line\r\n--==x\n");
  const wrong = await send({ name: "wrong", crc32c: "AAAAAA==" });
  expect([wrong.status, wrong.body.error?.message]).toEqual([
    400,
    `Provided CRC32C "AAAAAA==" doesn't match calculated CRC32C "${made.body.crc32c}".`,
  ]);
  expect((await call("GET", `${o}/wrong`)).status).toBe(404);
});

test("objects: an upload in pieces tells how much it has, takes a piece again, and ends as one object", async () => {
  const begun = await call("POST", "/resumable/upload/storage/v1/b/data/o?uploadType=resumable", {
    body: { name: "pieces", contentType: "text/p" },
  });
  const address = String(begun.headers.get("location"));
  const piece = async (range: string, body?: string) => {
    const { status, headers, text } = await call("PUT", address, {
      as: "",
      headers: { "content-range": range },
      ...(body === undefined ? {} : { body }),
    });
    return { status, range: headers.get("range"), text };
  };
  expect(await piece("bytes */*")).toMatchObject({ status: 308, range: null });
  expect(await piece("bytes 0-4/*", "hello")).toMatchObject({ status: 308, range: "bytes=0-4" });
  expect((await piece("bytes 7-9/10", "abc")).status).toBe(400);
  expect(await piece("bytes */10")).toMatchObject({ status: 308, range: "bytes=0-4" });
  const ended = await piece("bytes 3-9/10", "loworld");
  expect(JSON.parse(ended.text)).toMatchObject({ name: "pieces", size: "10", contentType: "text/p" });
  expect((await call("GET", `${o}/pieces?alt=media`)).text).toBe("helloworld");
  expect((await piece("bytes */10")).status).toBe(200);
  expect((await call("PUT", `${upload}?uploadType=resumable&upload_id=none`)).status).toBe(404);
});

test("objects: an upload in pieces as Go's clients send it: by POST, and without 308", async () => {
  const begun = await call("POST", `${upload}?uploadType=resumable&name=by-go`, { body: {} });
  const address = String(begun.headers.get("location"));
  const piece = (range: string, body: string) =>
    call("POST", address, { headers: { "content-range": range, "x-guploader-no-308": "yes" }, body });
  const first = await piece("bytes 0-4/*", "hello");
  const { status, headers } = first;
  expect([status, headers.get("x-http-status-code-override"), headers.get("range")]).toEqual([200, "308", "bytes=0-4"]);
  const ended = await piece("bytes 5-9/10", "world");
  expect([ended.status, ended.headers.get("x-http-status-code-override")]).toEqual([200, null]);
  expect(ended.body).toMatchObject({ name: "by-go", size: "10" });
  expect((await call("GET", `${o}/by-go?alt=media`)).text).toBe("helloworld");
});

test("objects: gzip is served as it is stored to who takes it, and unzipped to who does not", async () => {
  const zipped = gzipSync("plain text");
  await put("zipped", zipped, "&contentEncoding=gzip", { "content-type": "text/plain" });
  const both = await Promise.all(
    ["gzip", "identity"].map((encoding) =>
      call("GET", `${o}/zipped?alt=media`, { headers: { "accept-encoding": encoding } }),
    ),
  );
  expect(both.map(({ text, headers }) => [text, headers.get("content-encoding")])).toEqual([
    ["plain text", "gzip"],
    ["plain text", null],
  ]);
});

test("objects: lists go by prefix, delimiter, offsets and globs, page by page", async () => {
  for (const name of ["l/1.txt", "l/2.jpg", "l/sub/3.txt", "l/sub/4.txt", "l/t/", "l/z"]) await put(name, "");
  const list = async (query: string) => {
    const { items = [], prefixes = [], nextPageToken } = (await call("GET", `${o}?prefix=l/&${query}`)).body;
    return { names: [...items].map(({ name }) => name), prefixes, token: nextPageToken };
  };
  expect(await list("delimiter=/")).toMatchObject({
    names: ["l/1.txt", "l/2.jpg", "l/z"],
    prefixes: ["l/sub/", "l/t/"],
  });
  expect((await list("delimiter=/&includeTrailingDelimiter=true")).names).toContain("l/t/");
  expect((await list("matchGlob=l/**.txt")).names).toEqual(["l/1.txt", "l/sub/3.txt", "l/sub/4.txt"]);
  expect((await list("matchGlob=l/{*.jpg,z}")).names).toEqual(["l/2.jpg", "l/z"]);
  expect((await list("startOffset=l/2&endOffset=l/sub/4")).names).toEqual(["l/2.jpg", "l/sub/3.txt"]);
  const seen: unknown[] = [];
  let token = "";
  do {
    const page = await list(`delimiter=/&maxResults=2&pageToken=${token}`);
    seen.push([...page.names, ...page.prefixes]);
    token = String(page.token ?? "");
  } while (token !== "");
  expect(seen).toEqual([["l/1.txt", "l/2.jpg"], ["l/sub/", "l/t/"], ["l/z"]]);
});

test("objects: composed, copied, rewritten in steps; the content is that of the sources", async () => {
  await put("one", "one ");
  await put("two", "two");
  const composed = await call("POST", `${o}/both/compose`, {
    body: { sourceObjects: [{ name: "one" }, { name: "two" }] },
  });
  expect(composed.body).toMatchObject({ size: "7", componentCount: 2 });
  expect(composed.body).not.toHaveProperty("md5Hash");
  await put("plain", "one two");
  expect((await call("GET", `${o}/plain`)).body.crc32c).toBe(composed.body.crc32c);
  await call("POST", `${o}/both/copyTo/b/data/o/copied`);
  await call("DELETE", `${o}/both`);
  expect((await call("GET", `${o}/copied?alt=media`)).text).toBe("one two");
  await put("large", Buffer.alloc(1_500_000, 1));
  const step = (token: string) =>
    call("POST", `${o}/large/rewriteTo/b/data/o/moved?maxBytesRewrittenPerCall=1048576${token}`);
  const first = await step("");
  expect(first.body).toMatchObject({ done: false, totalBytesRewritten: "1048576", objectSize: "1500000" });
  const second = await step(`&rewriteToken=${first.body.rewriteToken}`);
  expect(second.body).toMatchObject({ done: true, resource: { name: "moved", size: "1500000" } });
  expect((await step("&rewriteToken=bad")).status).toBe(400);
});

test("objects: what is held is neither replaced nor deleted", async () => {
  await put("held", "x");
  const patched = await call("PATCH", `${o}/held`, { body: { temporaryHold: true, metadata: { a: "1" } } });
  expect(patched.body).toMatchObject({ metageneration: "2", temporaryHold: true, metadata: { a: "1" } });
  const refused = await call("DELETE", `${o}/held`);
  expect([refused.status, refused.body.error?.message]).toEqual([
    403,
    "Object 'data/held' is under active Temporary hold and cannot be deleted, overwritten or archived until hold is removed.",
  ]);
  expect((await put("held", "y")).status).toBe(403);
  await call("PATCH", `${o}/held`, { body: { temporaryHold: false, metadata: { a: null } } });
  expect((await call("GET", `${o}/held`)).body).not.toHaveProperty("metadata");
  expect((await call("DELETE", `${o}/held`)).status).toBe(204);
});

test("objects: the XML API reads, lists and writes at a bucket's path", async () => {
  await call("PUT", "/storage.googleapis.com/data/x/m&m.txt", {
    body: "sweet",
    headers: { "x-goog-meta-color": "red" },
  });
  const got = await call("GET", "/storage.googleapis.com/data/x/m&m.txt");
  expect([got.text, got.headers.get("x-goog-meta-color")]).toEqual(["sweet", "red"]);
  const listed = await call("GET", "/storage.googleapis.com/data?list-type=2&prefix=x/");
  expect(listed.text).toContain("<KeyCount>1</KeyCount>");
  expect(listed.text).toContain("<Key>x/m&amp;m.txt</Key>");
  const missing = await call("GET", "/storage.googleapis.com/data/x/none");
  expect([missing.status, missing.text]).toEqual([
    404,
    "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Details>No such object: data/x/none</Details></Error>",
  ]);
  expect((await call("HEAD", "/storage.googleapis.com/data/x/m&m.txt")).headers.get("content-length")).toBe("5");
  expect((await call("DELETE", "/storage.googleapis.com/data/x/m&m.txt")).status).toBe(204);
});

test("objects: what is being read is read to its end, also when it is deleted meanwhile", async () => {
  const large = Buffer.alloc(8 * 1024 * 1024, "read");
  await put("going", large);
  const response = await fetch(`${cloud.url}${o}/going?alt=media`, {
    headers: { authorization: `Bearer ${cloud.token()}` },
  });
  await call("PATCH", "/storage/v1/b/data", { body: { softDeletePolicy: { retentionDurationSeconds: 0 } } });
  expect((await call("DELETE", `${o}/going`)).status).toBe(204);
  expect(Buffer.from(await response.arrayBuffer()).equals(large)).toBe(true);
});
