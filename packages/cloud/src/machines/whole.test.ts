import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { fileRegistry, nodeLayer } from "./testing/registry.ts";
import { server } from "./testing/server.ts";
import { until } from "./testing/world.ts";

let dir: string;
let cloud: Cloud;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "aloft-whole-"));
  cloud = await start();
});
afterAll(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

const start = (): Promise<Cloud> =>
  startCloud({ dir: join(dir, "state"), projects: { demo: 123456789012 }, log: () => undefined });

interface Reply {
  readonly status: number;
  readonly body: {
    readonly name?: string;
    readonly done?: boolean;
    readonly error?: { readonly message: string };
    readonly response?: { readonly uri: string };
  };
}

async function api(verb: string, path: string, body?: unknown): Promise<Reply> {
  const answer = await fetch(`${cloud.url}/${path}`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Reply["body"] };
}

/** Pushes an image as docker does; answers its reference by digest. */
async function push(): Promise<string> {
  const { dir: base, layer } = await nodeLayer();
  const made = fileRegistry(join(dir, "made"), base);
  const app = await made.layer([{ name: "app/server.cjs", text: server }]);
  const ref = made.image([layer, app], { Cmd: ["node", "/app/server.cjs"] });
  const manifest = made.resolve(ref);
  const image = `${cloud.url}/us-central1-docker.pkg.dev/v2/demo/apps/api`;
  const send = async (
    verb: string,
    url: string,
    bytes: Uint8Array,
    type = "application/octet-stream",
  ): Promise<void> => {
    const headers = { authorization: `Bearer ${cloud.token()}`, "content-type": type };
    const answer = await fetch(url, { method: verb, headers, body: bytes as Uint8Array<ArrayBuffer> });
    expect([answer.status, answer.ok ? "" : await answer.text()]).toEqual([201, ""]);
  };
  const config = JSON.parse(Buffer.from(manifest?.bytes ?? []).toString()).config.digest;
  for (const digest of [layer.digest, app.digest, config]) {
    const path = made.blob(digest)?.path ?? "";
    await send("POST", `${image}/blobs/uploads/?digest=${digest}`, readFileSync(path));
  }
  const bytes = manifest?.bytes ?? new Uint8Array();
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  await send("PUT", `${image}/manifests/v1`, bytes, manifest?.mediaType);
  return `us-central1-docker.pkg.dev/demo/apps/api@${digest}`;
}

const run = "run.googleapis.com/v2/projects/demo/locations/us-central1/services";

async function finished(operation: Reply): Promise<Reply["body"]> {
  expect([operation.status, operation.body.error]).toEqual([200, undefined]);
  return until(async () => {
    const { body } = await api("GET", `run.googleapis.com/v2/${operation.body.name}`);
    return body.done === true && body;
  });
}

describe("the whole cloud", () => {
  test("a service of a pushed image, with a secret: denied without the grant, serving with it, and again after a restart", async () => {
    for (const name of ["run", "secretmanager", "artifactregistry", "iam"]) {
      cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
    }
    await api(
      "POST",
      "artifactregistry.googleapis.com/v1/projects/demo/locations/us-central1/repositories?repositoryId=apps",
      { format: "DOCKER" },
    );
    await api("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { accountId: "api-runtime" });
    const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
    await api("POST", `${secrets}?secretId=token`, { replication: { automatic: {} } });
    await api("POST", `${secrets}/token:addVersion`, {
      payload: { data: Buffer.from("canary-9f31").toString("base64") },
    });
    const image = await push();
    const service = {
      invokerIamDisabled: true,
      template: {
        serviceAccount: "api-runtime@demo.iam.gserviceaccount.com",
        containers: [
          { image, env: [{ name: "TOKEN", valueSource: { secretKeyRef: { secret: "token", version: "1" } } }] },
        ],
      },
    };
    const denied = await finished(await api("POST", `${run}?serviceId=api`, service));
    expect(denied.error?.message).toContain(
      "Permission denied on secret: projects/123456789012/secrets/token/versions/1 for Revision service account api-runtime@demo.iam.gserviceaccount.com.",
    );
    await api("POST", `${secrets}/token:setIamPolicy`, {
      policy: {
        bindings: [
          {
            role: "roles/secretmanager.secretAccessor",
            members: ["serviceAccount:api-runtime@demo.iam.gserviceaccount.com"],
          },
        ],
      },
    });
    const made = await finished(
      await api("PATCH", `${run}/api`, { ...service, template: { ...service.template, labels: { again: "1" } } }),
    );
    expect(made.error).toBeUndefined();
    const host = new URL(made.response?.uri ?? "").host;
    const local = await until(() => localUrl());
    const env = async (): Promise<{ TOKEN: string; K_SERVICE: string }> =>
      (await fetch(`${local}/env`)).json() as never;
    expect(await env()).toMatchObject({ TOKEN: "canary-9f31", K_SERVICE: "api" });
    const metadata = await fetch(
      `${local}/token?path=/computeMetadata/v1/instance/service-accounts/default/identity?audience=https://x`,
    );
    expect(await cloud.host.tokens.verifyId(await metadata.text())).toMatchObject({
      claims: { aud: "https://x", email: "api-runtime@demo.iam.gserviceaccount.com" },
    });
    await cloud.close();
    cloud = await start();
    await until(async () => (await fetch(`${local}/env`).catch(() => undefined))?.ok === true);
    expect(await env()).toMatchObject({ TOKEN: "canary-9f31" });
    expect(host).toMatch(/run\.app$/);
    expect(existsSync(join(dir, "state"))).toBe(true);
  });
});

async function localUrl(): Promise<string | undefined> {
  const answer = await fetch(`${cloud.url}/_aloft/v1/status`, {
    headers: { authorization: `Bearer ${cloud.adminToken}` },
  });
  const { running } = (await answer.json()) as { running: { service: string; localUrl?: string }[] };
  return running.find(({ service }) => service.endsWith("api"))?.localUrl;
}
