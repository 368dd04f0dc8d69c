import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import type { CloudService } from "../service.ts";
import { hello } from "../services/hello/index.ts";
import { raw } from "../wire/wire.test-support.ts";

const surfaced: CloudService = {
  ...hello,
  api: "run.googleapis.com",
  resume: async (host) => {
    host.surface({
      serves: (hostname) => hostname.endsWith(".run.app"),
      handle: (req, res, at) => void res.end(`${req.method} ${at.host}${at.path} ${req.headers["content-type"] ?? ""}`),
      upgrade: (_req, socket, _head, at) => {
        socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n${at.path}`);
      },
    });
  },
};

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({ services: [hello, surfaced], log: () => undefined });
});
afterAll(() => cloud.close());

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${cloud.token()}`, ...headers };
    httpRequest({ host: "127.0.0.1", port: cloud.port, path, headers: all, setHost: !("host" in all) }, (res) => {
      let text = "";
      res.on("data", (chunk) => (text += chunk));
      res.on("end", () => resolve({ status: res.statusCode, text }));
    })
      .on("error", reject)
      .end();
  });
}

/** What comes back for raw bytes until the other side closes. */
function bytes(...chunks: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: cloud.port, host: "127.0.0.1" });
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("close", () => resolve(text));
    socket.on("error", () => undefined);
    const next = (): void => {
      const chunk = chunks.shift();
      if (chunk === undefined) return void socket.end();
      socket.write(chunk, () => setTimeout(next, 5));
    };
    next();
  });
}

const list = "/v1/projects/demo/greetings";

test("doors: path prefix, Host header, absolute form and HTTP/2 authority reach the same API", async () => {
  expect((await get(`/hello.local.aloft${list}`)).status).toBe(200);
  expect((await get(list, { host: "hello.local.aloft" })).status).toBe(200);
  expect((await get(`http://hello.local.aloft${list}`)).status).toBe(200);
  const session = connectHttp2(cloud.url);
  const authorization = `Bearer ${cloud.token()}`;
  const answer = await raw(session, {
    ":method": "GET",
    ":authority": "hello.local.aloft",
    ":path": list,
    authorization,
  });
  expect(answer.headers[":status"]).toBe(200);
  session.destroy();
});

test("doors: hosts without an API are 501, the cloud's own root says what it is", async () => {
  expect(await get("/sqladmin.googleapis.com/v1/x")).toMatchObject({ status: 501 });
  expect((await get("/v1/x", { host: "us-central1-aiplatform.googleapis.com" })).text).toContain(
    "aiplatform.googleapis.com",
  );
  expect(await get("/")).toMatchObject({ status: 404 });
  expect((await get("/index.html")).text).toContain("This is the local Google Cloud");
});

test("doors: surfaces are asked first, by host, over both protocols, upgrades included", async () => {
  expect((await get("/a?b=c", { host: "x-1.us-central1.run.app:4510" })).text).toBe(
    "GET x-1.us-central1.run.app/a?b=c ",
  );
  expect((await get("/x.a.run.app/deep/path")).text).toBe("GET x.a.run.app/deep/path ");
  const session = connectHttp2(cloud.url);
  const headers = { ":authority": "x.a.run.app", ":path": "/pkg.Svc/Do", "content-type": "application/grpc" };
  expect((await raw(session, headers)).body.toString()).toBe("POST x.a.run.app/pkg.Svc/Do application/grpc");
  session.destroy();
  const upgrade = (host: string) =>
    bytes(`GET /socket HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
  expect(await upgrade("x.a.run.app")).toMatch(/^HTTP\/1.1 101 .*\/socket$/s);
  expect(await upgrade("hello.local.aloft")).toMatch(/^HTTP\/1.1 4/);
});

test("doors: web pages and rebound names are refused", async () => {
  const refused = { status: 403 };
  expect(await get(`/hello.local.aloft${list}`, { origin: "https://evil.example" })).toMatchObject(refused);
  expect(await get(`/hello.local.aloft${list}`, { origin: "null" })).toMatchObject(refused);
  expect(await get(`/hello.local.aloft${list}`, { host: "evil.example" })).toMatchObject(refused);
  expect(await get(`/hello.local.aloft${list}`, { host: "127.0.0.1.evil.example" })).toMatchObject(refused);
  expect(
    await get(`/hello.local.aloft${list}`, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }),
  ).toMatchObject(refused);
  expect(await get("/_aloft/v1/status", { origin: "https://evil.example" })).toMatchObject(refused);
  expect(await get(`/hello.local.aloft${list}`, { origin: "http://localhost:3000" })).toMatchObject({ status: 200 });
  expect(await get("/", { host: "x.a.run.app", origin: "https://x.a.run.app" })).toMatchObject({ status: 200 });
});

test("doors: broken TLS and noise are dropped, a byte at a time is understood", async () => {
  expect(await bytes(Buffer.from([0x16, 3, 1, 0, 5, 1]))).toBe("");
  expect(await bytes(Buffer.from([0, 1, 2, 3, 255]))).toMatch(/^HTTP\/1.1 400/);
  expect(await bytes("P", "R", "O", "PFIND / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).toMatch(
    /^HTTP\/1.1 404/,
  );
  expect(await bytes("P")).toBe("");
  expect(await bytes("P", "RI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Buffer.alloc(200, 0xff))).not.toContain("HTTP/1.1");
  const half = await bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect(half).toMatch(/^HTTP\/1.1 404 .*local Google Cloud/s);
  expect(await get("/")).toMatchObject({ status: 404 });
});

test("doors: random bytes never bring the cloud down", async () => {
  let seed = 3;
  const next = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed;
  };
  const noise = Array.from({ length: 40 }, () => {
    const body = Buffer.from(Array.from({ length: next() % 300 }, () => next() % 256));
    const start = [
      "",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\n",
      "POST /hello.local.aloft/ HTTP/1.1\r\nHost: localhost\r\n",
    ];
    return bytes(start[next() % 4] ?? "", body);
  });
  await Promise.all(noise);
  expect((await get(`/hello.local.aloft${list}`)).status).toBe(200);
});
