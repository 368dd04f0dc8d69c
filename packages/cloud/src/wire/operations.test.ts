import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock } from "@aloft/kit/clock";
import { expect, onTestFinished, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import type { Host } from "../host.ts";
import type { CloudService } from "../service.ts";
import { frame } from "./grpc-frames.ts";
import { RpcError } from "./rpc-error.ts";
import { raw } from "./wire.test-support.ts";

const parent = "projects/demo-project/locations/us-central1";

const slow: CloudService = {
  api: "redis.googleapis.com",
  title: "Slow API",
  alwaysOn: true,
  create: () => ({
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*", "operations/*"] },
    locations: { version: "v1" },
  }),
};

const begin = ({ schemas, operations }: Host, target: string, where = parent) =>
  operations.start({
    api: slow.api,
    parent: where,
    target,
    response: schemas.message("google.cloud.redis.v1.Instance"),
    metadata: {
      schema: schemas.message("google.cloud.redis.v1.OperationMetadata"),
      value: { verb: "create" } as never,
    },
  });

async function start(options: Parameters<typeof startCloud>[0] = {}): Promise<Cloud> {
  return startCloud({ services: [slow], projects: { "demo-project": 123456789012 }, log: () => undefined, ...options });
}

async function call(cloud: Cloud, path: string, init: RequestInit = {}) {
  const response = await fetch(`${cloud.url}/redis.googleapis.com/v1/${path}`, {
    ...init,
    headers: { authorization: `Bearer ${cloud.token()}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

test("operations: pending until the service says so, then the response with its type", async () => {
  await using cloud = await start();
  const operation = begin(cloud.host, `${parent}/instances/i`);
  const pending = {
    name: operation.name,
    metadata: { "@type": "type.googleapis.com/google.cloud.redis.v1.OperationMetadata", verb: "create" },
  };
  expect((await call(cloud, operation.name)).body).toEqual(pending);
  operation.succeed({ name: `${parent}/instances/i` } as never);
  operation.fail(new Error("too late"));
  const done = {
    ...pending,
    done: true,
    response: { "@type": "type.googleapis.com/google.cloud.redis.v1.Instance", name: `${parent}/instances/i` },
  };
  expect((await call(cloud, operation.name)).body).toEqual(done);
  expect((await call(cloud, operation.name.replace("demo-project", "123456789012"))).body).toEqual(done);
});

test("operations: a failure has its code, text and details; a bug is INTERNAL", async () => {
  await using cloud = await start();
  const failed = begin(cloud.host, "a");
  failed.fail(
    new RpcError("FAILED_PRECONDITION", "no", [
      { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "R", domain: "d" },
    ]),
  );
  expect((await call(cloud, failed.name)).body).toMatchObject({
    done: true,
    error: { code: 9, message: "no", details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "R" }] },
  });
  const bug = begin(cloud.host, "b");
  bug.fail(new TypeError("hunter2"));
  expect((await call(cloud, bug.name)).body).toMatchObject({
    error: { code: 13, message: "Internal error encountered." },
  });
});

test("operations: listed newest first, by page and by filter; deleted when done", async () => {
  await using cloud = await start();
  const made = ["a", "b", "c"].map((each) => begin(cloud.host, each));
  made[0]?.succeed({} as never);
  const names = made.map((each) => each.name).reverse();
  const list = async (query = "") => {
    const { body } = await call(cloud, `${parent}/operations?${query}`);
    const { operations = [], nextPageToken } = body as { operations?: { name: string }[]; nextPageToken?: string };
    return { names: operations.map((each) => each.name), token: nextPageToken };
  };
  expect((await list()).names).toEqual(names);
  const first = await list("pageSize=2");
  expect(first.names).toEqual(names.slice(0, 2));
  expect(await list(`pageSize=2&pageToken=${first.token}`)).toEqual({ names: names.slice(2), token: undefined });
  expect((await call(cloud, `${parent}/operations?pageToken=junk`)).status).toBe(400);
  expect((await call(cloud, `${parent}/operations?filter=done%3Dtrue&pageToken=${first.token}`)).status).toBe(400);
  expect((await list("filter=done%3Dtrue")).names).toEqual(names.slice(2));
  expect((await call(cloud, names[0] ?? "", { method: "DELETE" })).status).toBe(400);
  expect((await call(cloud, names[2] ?? "", { method: "DELETE" })).status).toBe(200);
  expect((await call(cloud, names[2] ?? "")).status).toBe(404);
  expect((await call(cloud, `${names[0]}:cancel`, { method: "POST" })).status).toBe(501);
});

test("operations: wait answers when it is done, or with what is there when the time is up", async () => {
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  await using cloud = await start({ clock });
  const operation = begin(cloud.host, "a");
  const wait = (timeout: string) => call(cloud, `${operation.name}:wait?timeout=${timeout}`, { method: "POST" });
  const short = wait("5s");
  const advancing = setInterval(() => clock.advance(1000), 5);
  expect((await short).body).not.toHaveProperty("done");
  clearInterval(advancing);
  const long = wait("3600s");
  setTimeout(() => operation.succeed({} as never), 20);
  expect((await long).body).toMatchObject({ done: true });
});

test("operations: survive a restart, and can be finished after it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-operations-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const target = `${parent}/instances/i`;
  const first = await start({ dir });
  const { name } = begin(first.host, target, "");
  const done = begin(first.host, "done");
  done.succeed({} as never);
  await first.close();

  await using cloud = await start({ dir });
  const { operations, schemas } = cloud.host;
  expect(operations.unfinished(slow.api)).toEqual([{ name, target }]);
  const instance = schemas.message("google.cloud.redis.v1.Instance");
  expect(operations.pending(done.name, instance)).toBeUndefined();
  operations.pending(name, instance)?.succeed({ name: "i" } as never);
  expect((await call(cloud, name)).body).toMatchObject({ done: true, response: { name: "i" } });
});

test("operations: over gRPC the operation's own name says whose it is", async () => {
  await using cloud = await start();
  const { schemas } = cloud.host;
  const operation = begin(cloud.host, "a");
  const session = connect(cloud.url);
  const ask = async (method: string, type: string, init: object, authority = "localhost") => {
    const schema = schemas.message(`google.longrunning.${type}`);
    const path = `/google.longrunning.Operations/${method}`;
    const headers = { ":path": path, ":authority": authority, "content-type": "application/grpc" };
    const authorization = `Bearer ${cloud.token()}`;
    return raw(
      session,
      { ...headers, authorization },
      frame(schemas.encode(schema, schemas.create(schema, init as never))),
    );
  };
  const got = await ask("GetOperation", "GetOperationRequest", { name: operation.name });
  expect(got.body.toString("latin1")).toContain(operation.name);
  expect(
    (await ask("GetOperation", "GetOperationRequest", { name: `${parent}/operations/x` })).trailers["grpc-status"],
  ).toBe("5");
  expect((await ask("ListOperations", "ListOperationsRequest", { name: parent })).trailers["grpc-status"]).toBe("3");
  const listed = await ask("ListOperations", "ListOperationsRequest", { name: parent }, "redis.googleapis.com");
  expect(listed.body.toString("latin1")).toContain(operation.name);
  session.destroy();
});

test("locations: the regions of the local cloud", async () => {
  await using cloud = await start();
  const { body } = await call(cloud, "projects/demo-project/locations");
  expect((body.locations as { locationId: string }[] | undefined)?.map((each) => each.locationId)).toContain(
    "us-central1",
  );
  expect((await call(cloud, parent)).body).toMatchObject({ name: parent, displayName: "Iowa" });
  expect((await call(cloud, "projects/demo-project/locations/mars-north1")).status).toBe(404);
});
