import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import type { HttpSurface } from "../../service.ts";
import { portsOf } from "../index.ts";
import type { ServedService } from "../machines.ts";
import { serviceHost, serviceName, until, type World, world } from "../testing/world.ts";

const invoker = "caller@demo.iam.gserviceaccount.com";
const stranger = "stranger@demo.iam.gserviceaccount.com";

let cloud: Cloud;
let w: World;
let at = 0;
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  const { host } = cloud;
  const owner = { kind: "user", email: "you@local.aloft" } as const;
  host.projects.setEnabled("demo", "iam.googleapis.com", true);
  for (const email of [invoker, stranger]) {
    const accountId = email.split("@")[0];
    await host.call("google.iam.admin.v1.IAM/CreateServiceAccount", { name: "projects/demo", accountId }, owner);
  }
  const bindings = [{ role: "roles/run.invoker", members: [`serviceAccount:${invoker}`] }];
  host.iam.setPolicy(`run.googleapis.com/${serviceName}`, { version: 1, bindings });
  const { clock, tokens, iam, logs } = portsOf(host);
  w = await world({ clock, tokens, iam, logs, random: () => at });
  host.surface(w.machines.surface as HttpSurface);
  for (const name of ["one", "two"]) await w.machines.start(w.spec(name));
  serve({});
});
afterAll(async () => {
  await w[Symbol.asyncDispose]();
  await cloud.close();
});

const serve = (rest: Partial<ServedService>): void =>
  w.machines.serve(
    w.served(
      [
        { revision: w.spec("one").name, percent: 90 },
        { revision: w.spec("two").name, percent: 10, tag: "next" },
      ],
      { invokerIamDisabled: false, ...rest },
    ),
  );

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly challenge: string | undefined;
}

const get = (path: string, headers: Readonly<Record<string, string>> = {}, host = serviceHost): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: cloud.port, path, headers: { host, ...headers } }, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (text) => {
        body += text;
      });
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body, challenge: answer.headers["www-authenticate"] }),
      );
    });
    asked.on("error", reject);
    asked.end();
  });

const bearer = async (
  email: string,
  audience = `https://${serviceHost}`,
  lifetimeS = 3600,
): Promise<Record<string, string>> => {
  const token = await cloud.host.tokens.id({
    principal: { kind: "serviceAccount", email },
    audience,
    includeEmail: true,
    lifetimeS,
  });
  return { authorization: `Bearer ${token}` };
};
const revisionOf = async (answer: Promise<Answer>): Promise<string> => JSON.parse((await answer).body).revision;

describe("the router", () => {
  test("the invoker check: none 403, bad or of another audience 401, not an invoker 403, an invoker in", async () => {
    const none = await get("/");
    expect([none.status, none.body]).toEqual([
      403,
      expect.stringContaining("does not have permission to get URL <code>/</code>"),
    ]);
    expect((await get("/", await bearer(stranger))).status).toBe(403);
    expect((await get("/", await bearer(invoker))).status).toBe(200);
    expect((await get("/", await bearer(invoker, "https://elsewhere.run.app"))).status).toBe(401);
    const { authorization } = await bearer(invoker);
    const forged = await get("/", { authorization: `${authorization?.slice(0, -6)}AAAAAA` });
    expect([forged.status, forged.challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    expect((await get("/", { authorization: `Bearer ${cloud.token()}` })).status).toBe(401);
    const old = await bearer(invoker, undefined, 60);
    cloud.clock.advance(120_000);
    expect((await get("/", old)).status).toBe(401);
  });

  test("X-Serverless-Authorization goes before Authorization, and the program sees no signature", async () => {
    const { authorization = "" } = await bearer(invoker);
    const both = await get("/headers", { "x-serverless-authorization": authorization, authorization: "Bearer own" });
    const seen = JSON.parse(both.body);
    expect(seen.authorization).toBe("Bearer own");
    expect(seen["x-serverless-authorization"]).toBe(
      `${authorization.slice(0, authorization.lastIndexOf("."))}.SIGNATURE_REMOVED_BY_GOOGLE`,
    );
    expect((await get("/", { "x-serverless-authorization": "Bearer bad", authorization })).status).toBe(401);
  });

  test("open to all: by invokerIamDisabled, and by allUsers; tokens then pass untouched", async () => {
    serve({ invokerIamDisabled: true });
    expect(JSON.parse((await get("/headers", { authorization: "Bearer any" })).body).authorization).toBe("Bearer any");
    serve({});
    const resource = `run.googleapis.com/${serviceName}`;
    const before = cloud.host.iam.policy(resource);
    cloud.host.iam.setPolicy(resource, {
      version: 1,
      bindings: [{ role: "roles/run.invoker", members: ["allUsers"] }],
    });
    expect((await get("/")).status).toBe(200);
    cloud.host.iam.setPolicy(resource, { version: before.version, bindings: before.bindings });
    expect((await get("/")).status).toBe(403);
  });

  test("every address of the service is an accepted audience: both forms, a tag's, with or without a slash", async () => {
    const older = "api-abcdefghij-uc.a.run.app";
    serve({ hosts: [serviceHost, older] });
    for (const host of [serviceHost, older, `next---${older}`]) {
      for (const audience of [`https://${host}`, `https://${host}/`]) {
        expect([audience, (await get("/", await bearer(invoker, audience))).status]).toEqual([audience, 200]);
      }
    }
    for (const audience of [`https://last---${older}`, `http://${older}`, older, `https://${older}/path`]) {
      expect([audience, (await get("/", await bearer(invoker, audience))).status]).toEqual([audience, 401]);
    }
    serve({});
  });

  test("custom audiences are accepted", async () => {
    serve({ audiences: ["https://api.example.com"] });
    expect((await get("/", await bearer(invoker, "https://api.example.com"))).status).toBe(200);
    serve({});
    expect((await get("/", await bearer(invoker, "https://api.example.com"))).status).toBe(401);
  });

  test("traffic goes by percent, a tag's host to its revision alone", async () => {
    const headers = await bearer(invoker);
    at = 0.89;
    expect(await revisionOf(get("/", headers))).toBe("one");
    at = 0.91;
    expect(await revisionOf(get("/", headers))).toBe("two");
    at = 0;
    expect(await revisionOf(get("/", headers, `next---${serviceHost}`))).toBe("two");
    expect((await get("/", headers, `last---${serviceHost}`)).status).toBe(404);
  });

  test("an unknown host is Google's 404 page; no ready revision is 503", async () => {
    const unknown = await get("/", {}, "nobody-1.us-central1.run.app");
    expect([unknown.status, unknown.body]).toEqual([
      404,
      expect.stringContaining("The requested URL was not found on this server."),
    ]);
    serve({ invokerIamDisabled: true, traffic: [{ revision: w.spec("none").name, percent: 100 }] });
    expect(await get("/")).toMatchObject({ status: 503, body: "Service Unavailable" });
    serve({});
  });

  test("by the path prefix of the cloud's own address: the program sees its path alone, query kept, also upgraded", async () => {
    serve({ invokerIamDisabled: true });
    const seen = async (path: string): Promise<unknown> =>
      ((await (await fetch(`${cloud.url}/${path}`)).json()) as { url: string }).url;
    expect(await seen(`${serviceHost}/stories/1?q=a%20b&q=/x`)).toBe("/stories/1?q=a%20b&q=/x");
    expect(await seen(`${serviceHost}?q=1`)).toBe("/?q=1");
    const upgraded = await new Promise((resolve, reject) => {
      const headers = { connection: "Upgrade", upgrade: "websocket" };
      const asked = request(`${cloud.url}/${serviceHost}/ws?room=1`, { headers });
      asked.once("upgrade", (answer, socket) => {
        socket.destroy();
        resolve(answer.headers["x-url"]);
      });
      asked.once("response", (answer) => reject(new Error(`status ${answer.statusCode}`)));
      asked.once("error", reject);
      asked.end();
    });
    expect(upgraded).toBe("/ws?room=1");
    serve({});
  });

  test("ingress internal: Google's 404 page for who is no instance of its project, at every door", async () => {
    const inside = w.served([{ revision: w.spec("two").name, percent: 100 }], {
      name: serviceName.replace("api", "inside"),
      hosts: [serviceHost.replace("api", "inside")],
      ingress: "internal",
    });
    w.machines.serve(inside);
    serve({ invokerIamDisabled: true });
    at = 0;
    const refused = await get("/", {}, inside.hosts[0]);
    expect([refused.status, refused.body]).toEqual([404, expect.stringContaining("Page not found")]);
    const local = await until(() => w.machines.localUrl(inside.name));
    expect((await fetch(local)).status).toBe(404);
    const fromInside = async (url: string): Promise<string> =>
      (await get(`/fetch?url=${encodeURIComponent(url)}`)).body;
    expect(await fromInside(`${cloud.url}/${inside.hosts[0]}/`)).toBe("200");
    expect(await fromInside(local)).toBe("200");
    const elsewhere = "projects/other/locations/us-central1/services/inside";
    w.machines.serve({ ...inside, name: elsewhere, hosts: ["inside-1.us-central1.run.app"] });
    expect(await fromInside(`${cloud.url}/inside-1.us-central1.run.app/`)).toBe("404");
    for (const name of [inside.name, elsewhere]) await w.machines.unserve(name);
    serve({});
  });

  test("the loopback port asks for a token too, and answers to no foreign host name", async () => {
    const url = w.machines.localUrl(serviceName) as string;
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { headers: await bearer(invoker) })).status).toBe(200);
    serve({ invokerIamDisabled: true });
    expect((await fetch(url)).status).toBe(200);
    const status = await new Promise((resolve) => {
      request(url, { headers: { host: "evil.example" } }, (answer) => resolve(answer.resume().statusCode)).end();
    });
    expect(status).toBe(404);
  });
});
