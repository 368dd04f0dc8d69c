import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCloud } from "../cloud.ts";
import { rpc } from "../service.ts";
import { hello } from "./hello/index.ts";
import { services } from "./index.ts";

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test("services: the list holds every folder's value, once each", async () => {
  const values = await Promise.all(
    folders.map(async (folder) => (await import(join(import.meta.dirname, folder, "index.ts")))[folder] as unknown),
  );
  expect(folders.length).toBeGreaterThan(0);
  expect(new Set(services)).toEqual(new Set(values));
  expect(new Set(services.map((service) => service.api)).size).toBe(services.length);
});

test("services: each has the same files", () => {
  for (const folder of folders) {
    const files = readdirSync(join(import.meta.dirname, folder));
    expect(files, folder).toEqual(expect.arrayContaining(["index.ts", "rules.ts", "rpc.ts", "store.ts"]));
  }
});

test("services: each is made, with handlers that its descriptors have", async () => {
  await using cloud = await startCloud({ log: () => undefined });
  for (const service of services) {
    const response = await fetch(`${cloud.url}/${service.api}/v0/none`);
    expect([service.api, response.status]).toEqual([service.api, 404]);
  }
});

test("services: a handler that the descriptor does not have is refused when the API is made", async () => {
  const log: string[] = [];
  const slip = {
    ...hello,
    descriptors: "secretmanager-v1",
    create: () => ({
      rpc: [rpc<never>("google.cloud.secretmanager.v1.SecretManagerService", { getSecrt: {} } as never)],
    }),
  };
  await using cloud = await startCloud({ services: [slip], log: (line) => log.push(line) });
  expect((await fetch(`${cloud.url}/hello.local.aloft/v1/x`)).status).toBe(500);
  expect(log.join("\n")).toContain("has no method getSecrt");
});
