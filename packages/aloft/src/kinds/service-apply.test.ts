import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "@aloft/google";
import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import type { ContainerSpec, ServiceSpec } from "../app/specs.ts";
import type { ApplyContext, Want } from "./kind.ts";
import type { RunService } from "./lib/run-service.ts";
import { service } from "./service.ts";

const place = { app: "shop", env: "prod", project: "p", region: "us-central1" };
const spec: ServiceSpec = {
  worker: false,
  labels: {},
  annotations: {},
  public: false,
  ingress: "INGRESS_TRAFFIC_ALL",
  serviceAccount: "shop-api@p.iam.gserviceaccount.com",
  min: 0,
  max: 1,
  concurrency: 80,
  timeoutS: 300,
  sessionAffinity: false,
  containers: [],
};
const want: Want<ServiceSpec> = { address: "service/api", id: "shop-api", spec, place };
const refused =
  "Revision 'shop-api-00001-x' is not ready. Permission denied on secret: projects/1/secrets/KEY/versions/1";

/**
 * Cloud Run as far as one service's deployment goes: each write ends as `outcomes` say, in order: with an error's words, or
 * well. Answers what was written.
 */
async function cloudRun(outcomes: readonly (string | undefined)[], granted: readonly string[] = []) {
  const left = [...outcomes];
  const written: { verb: string; body: RunService }[] = [];
  let live: RunService | undefined;
  const server = createServer(async (req, res) => {
    let text = "";
    for await (const chunk of req) text += chunk;
    const reply = (status: number, body: unknown) => res.writeHead(status).end(JSON.stringify(body));
    if (req.url?.includes(":getIamPolicy") === true) {
      return reply(200, { bindings: [{ role: "roles/secretmanager.secretAccessor", members: granted }] });
    }
    if (req.method === "GET")
      return live === undefined ? reply(404, { error: { status: "NOT_FOUND" } }) : reply(200, live);
    if (left[0]?.startsWith("Permission 'iam.")) {
      return reply(403, { error: { code: 403, status: "PERMISSION_DENIED", message: left.shift() } });
    }
    const body = JSON.parse(text) as RunService;
    const error = left.shift();
    written.push({ verb: req.method ?? "", body });
    const state = error === undefined ? "CONDITION_SUCCEEDED" : "CONDITION_FAILED";
    live = {
      ...body,
      name: "services/shop-api",
      terminalCondition: { type: "Ready", state, ...(error ? { message: error } : {}) },
    };
    return reply(200, {
      name: "o",
      done: true,
      ...(error ? { error: { code: 13, message: error } } : { response: live }),
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    written,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A context whose sleeps are over at once; what they would have been is kept. */
function contextFor(origin: string, freshGrant: boolean) {
  const clock = createClock({ frozenAt: 0 });
  const said: string[] = [];
  const waits: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    clock.advance(ms);
  };
  const google = connect({ project: "p", origin, credentials: async () => "t", clock: { ...clock, sleep } });
  const context: ApplyContext = {
    google,
    place,
    folder: "/",
    cache: "/",
    clock: { ...clock, sleep },
    freshGrant,
    once: (_key, make) => make(),
    serial: (_key, work) => work(),
    progress: (message) => said.push(message),
  };
  return { context, said, waits };
}
const create = [{ op: "create", why: "" }] as const;

test("service: a revision that may not read its secret yet is made anew until IAM knows the fresh grant", async () => {
  await using run = await cloudRun([refused, refused, undefined]);
  const { context, said, waits } = contextFor(run.origin, true);
  const live = await service.apply(want, undefined, create, context);
  expect(live.terminalCondition?.state).toBe("CONDITION_SUCCEEDED");
  expect(run.written.map(({ verb }) => verb)).toEqual(["POST", "PATCH", "PATCH"]);
  const nonces = run.written.map(({ body }) => body.template?.labels?.["client.knative.dev/nonce"]);
  expect(nonces[0]).toBeUndefined();
  expect(new Set(nonces).size).toBe(3);
  expect(waits).toEqual([2000, 4000]);
  expect(said).toContain("waiting for IAM: the revision may not read its secret yet");
});

test("service: an account that was made just now is waited for, and nothing was written meanwhile", async () => {
  const denied = "Permission 'iam.serviceaccounts.actAs' denied on service account a@p.iam.gserviceaccount.com";
  await using run = await cloudRun([denied, denied, undefined]);
  const { context, said, waits } = contextFor(run.origin, true);
  await service.apply(want, undefined, create, context);
  expect([run.written.map(({ verb }) => verb), waits]).toEqual([["POST"], [2000, 4000]]);
  expect(said).toContain("waiting for IAM: the service account is too new to be run as");
  await using never = await cloudRun([denied]);
  const refusedAtOnce = service.apply(want, undefined, create, contextFor(never.origin, false).context);
  await expect(refusedAtOnce).rejects.toMatchObject({ status: 403 });
});

test("service: without a fresh grant, or for another reason, it fails at once", async () => {
  await using run = await cloudRun([refused]);
  const { context } = contextFor(run.origin, false);
  await expect(service.apply(want, undefined, create, context)).rejects.toMatchObject({ message: refused });
  await using other = await cloudRun(["The container exits."]);
  const exiting = service.apply(want, undefined, create, contextFor(other.origin, true).context);
  await expect(exiting).rejects.toMatchObject({ message: "The container exits." });
  expect([run.written.length, other.written.length]).toEqual([1, 1]);
});

test("service: Cloud Run's own account is waited for where its API is new, and not for another project's image", async () => {
  const agent = "Google Cloud Run Service Agent a@b.c must have permission to read the image, r-docker.pkg.dev/p/x/y.";
  await using run = await cloudRun([agent, undefined]);
  const { context, said } = contextFor(run.origin, true);
  await service.apply(want, undefined, create, context);
  expect(said).toContain("waiting for IAM: Cloud Run's own account may not read the image yet");
  await using other = await cloudRun([`${agent} Note that the image is from project [q], which is not this project.`]);
  const refusedForGood = service.apply(want, undefined, create, contextFor(other.origin, true).context);
  await expect(refusedForGood).rejects.toMatchObject({ message: expect.stringContaining("[q]") });
});

test("service: a grant of an earlier run that is there is waited for too; one that is not there is told at once", async () => {
  const reading: ContainerSpec = {
    image: "i",
    env: {},
    secrets: { KEY: { secret: "KEY", version: "1" } },
    ...{ cpu: 1, memoryMiB: 512, cpuIdle: true, startupCpuBoost: false },
  };
  const reader = { ...want, spec: { ...spec, containers: [reading] } };
  await using run = await cloudRun([refused, undefined], [`serviceAccount:${String(spec.serviceAccount)}`]);
  await service.apply(reader, undefined, create, contextFor(run.origin, false).context);
  expect(run.written.length).toBe(2);
  await using bare = await cloudRun([refused], ["serviceAccount:another@p.iam.gserviceaccount.com"]);
  const missing = service.apply(reader, undefined, create, contextFor(bare.origin, false).context);
  await expect(missing).rejects.toMatchObject({ message: refused });
});

test("service: waiting for IAM has an end", async () => {
  await using run = await cloudRun(Array.from({ length: 20 }, () => refused));
  const { context, waits } = contextFor(run.origin, true);
  await expect(service.apply(want, undefined, create, context)).rejects.toMatchObject({ message: refused });
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(4 * 60_000);
  expect(run.written.length).toBe(12);
});
