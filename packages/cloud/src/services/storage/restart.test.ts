import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

const dir = mkdtempSync(join(tmpdir(), "aloft-storage-"));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("restart: objects and half an upload are there again, files that nothing names are not", async () => {
  let cloud: Cloud = await startCloud({ dir, projects: { demo: 123456789012 } });
  const call = storageClient(() => cloud);
  await call("POST", "/storage/v1/b?project=demo", { body: { name: "lasting", ...uniform } });
  const media = "/upload/storage/v1/b/lasting/o?uploadType=media&name=f";
  const first = await call("POST", media, { body: "kept" });
  const begun = await call("POST", "/upload/storage/v1/b/lasting/o?uploadType=resumable&name=half", { body: {} });
  const address = new URL(String(begun.headers.get("location")));
  const path = address.pathname + address.search;
  await call("PUT", path, { body: "half ", headers: { "content-range": "bytes 0-4/9" } });
  await cloud.close();

  const files = join(dir, "files/storage");
  mkdirSync(join(files, "objects/zz"), { recursive: true });
  writeFileSync(join(files, "objects/zz/zz-no-row"), "an object whose row was never written");
  writeFileSync(join(files, "uploads/once-broken-off"), "an upload that the end cut off");

  cloud = await startCloud({ dir });
  expect(readdirSync(join(files, "objects/zz"))).toEqual([]);
  expect(readdirSync(join(files, "uploads"))).toHaveLength(1);
  expect((await call("GET", "/storage/v1/b/lasting/o/f?alt=media")).text).toBe("kept");
  const rest = await call("PUT", path, { body: "done", headers: { "content-range": "bytes 5-8/9" } });
  expect(rest.body).toMatchObject({ name: "half", size: "9" });
  expect((await call("GET", "/storage/v1/b/lasting/o/half?alt=media")).text).toBe("half done");
  const second = await call("POST", media, { body: "newer" });
  expect(Number(second.body.generation)).toBeGreaterThan(Number(first.body.generation));
  await cloud.close();
});
