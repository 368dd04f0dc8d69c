import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { hello } from "../services/hello/index.ts";
import { secretmanager } from "../services/secretmanager/index.ts";
import { raw } from "../wire/wire.test-support.ts";
import { fateOf } from "./proxy.ts";

const quiet = { services: [hello, secretmanager], log: () => undefined };
let cloud: Cloud;
let ca: string;
beforeAll(async () => {
  cloud = await startCloud(quiet);
  ca = (await cloud.ca()).certificate;
});
afterAll(() => cloud.close());

/** The socket after CONNECT, or what was answered instead. */
function dial(
  authority: string,
  port = cloud.port,
): Promise<{ status: number; socket: Socket; head: Buffer; text: string }> {
  return new Promise((resolve, reject) => {
    const req = httpRequest({ host: "127.0.0.1", port, method: "CONNECT", path: authority, agent: false });
    req.on("connect", (res, socket, head) => {
      let text = String(head);
      const done = (): void =>
        resolve({
          status: res.statusCode ?? 0,
          socket: socket as Socket,
          head,
          text: text.replace(/^.*\r\n\r\n/, ""),
        });
      if (res.statusCode === 200) return done();
      socket.on("data", (chunk) => (text += chunk)).on("end", done);
    });
    req.on("error", reject).end();
  });
}

function handshake(socket: Socket | undefined, servername: string, ALPNProtocols?: string[]): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const to = socket === undefined ? { host: "127.0.0.1", port: cloud.port } : { socket };
    const options = {
      ...to,
      ca,
      ...(servername === "" ? {} : { servername }),
      ...(ALPNProtocols && { ALPNProtocols }),
    };
    const tls = connectTls(options, () => resolve(tls));
    tls.on("error", reject);
  });
}

/** All that is answered to these bytes, until the other side ends. */
function say(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk)).on("error", () => undefined);
    socket.on("close", () => resolve(answer)).on("end", () => resolve(answer));
    socket.write(text);
  });
}

const list = "/v1/projects/demo/greetings";
const get = (host: string, path = list): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${cloud.token()}\r\nConnection: close\r\n\r\n`;

test("proxy: CONNECT to an API ends here, in TLS or in the clear, HTTP/1.1 or HTTP/2", async () => {
  for (const alpn of [["http/1.1"], undefined]) {
    const { socket } = await dial("hello.local.aloft:443");
    const tls = await handshake(socket, "hello.local.aloft", alpn);
    expect(tls.getPeerCertificate().subjectaltname).toBe("DNS:hello.local.aloft, DNS:*.local.aloft");
    expect(await say(tls, get("hello.local.aloft"))).toMatch(/^HTTP\/1.1 200 OK/);
  }
  const { socket } = await dial("hello.local.aloft:443");
  const tls = await handshake(socket, "hello.local.aloft", ["h2", "http/1.1"]);
  expect(tls.alpnProtocol).toBe("h2");
  const session = connectHttp2("https://hello.local.aloft", { createConnection: () => tls });
  const headers = { ":method": "GET", ":path": list, authorization: `Bearer ${cloud.token()}` };
  expect((await raw(session, headers)).headers[":status"]).toBe(200);
  session.destroy();
  const plain = await dial("hello.local.aloft:80");
  expect(await say(plain.socket, get("hello.local.aloft"))).toMatch(/^HTTP\/1.1 200 OK/);
  const clear = await dial("hello.local.aloft:80");
  const h2c = connectHttp2("http://hello.local.aloft", { createConnection: () => clear.socket });
  expect((await raw(h2c, headers)).headers[":status"]).toBe(200);
  h2c.destroy();
});

test("proxy: TLS straight to the port, by name or by address; other names get no handshake", async () => {
  const direct = await handshake(undefined, "", ["http/1.1"]);
  expect(direct.getPeerCertificate().subjectaltname).toContain("IP Address:127.0.0.1");
  expect(await say(direct, get(`127.0.0.1:${cloud.port}`, `/hello.local.aloft${list}`))).toMatch(/^HTTP\/1.1 200/);
  const named = await handshake(undefined, "us-central1-run.googleapis.com", ["http/1.1"]);
  expect(await say(named, get("us-central1-run.googleapis.com"))).toMatch(/^HTTP\/1.1 501 .*run\.googleapis\.com/s);
  await expect(handshake(undefined, "bank.example")).rejects.toThrow(/handshake|closed|disconnected|reset/i);
  const through = await handshake(undefined, "", ["http/1.1"]);
  through.write("CONNECT hello.local.aloft:80 HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => through.once("data", resolve));
  expect(await say(through, get("hello.local.aloft"))).toMatch(/^HTTP\/1.1 200/);
});

test("proxy: other hosts are tunnelled untouched, half-open and early ends included", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write("hello ");
    let all = "";
    socket.on("data", (chunk) => (all += chunk)).on("end", () => socket.end(all));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const { port } = echo.address() as AddressInfo;
  const { socket, text, status } = await dial(`127.0.0.1:${port}`);
  expect(status).toBe(200);
  socket.allowHalfOpen = true;
  const answer = new Promise<string>((resolve) => {
    let all = text;
    socket.on("data", (chunk) => (all += chunk)).on("end", () => resolve(all));
  });
  socket.end(Buffer.from("\x16\x03bytes"));
  expect(await answer).toBe("hello \x16\x03bytes");
  const early = await dial(`127.0.0.1:${port}`);
  early.socket.destroy();
  const sudden = connect(cloud.port, "127.0.0.1", () => {
    sudden.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\n`, () => sudden.destroy());
  });
  await new Promise((resolve) => sudden.on("close", resolve));
  await new Promise<void>((resolve) => echo.close(() => resolve()));
  expect(await dial(`127.0.0.1:${port}`)).toMatchObject({ status: 502, text: expect.stringContaining("ECONNREFUSED") });
  expect(await dial("nonsense")).toMatchObject({ status: 400 });
});

test("proxy: absolute-form requests go to their API, and for others to their host", async () => {
  const other = createHttpServer((req, res) => {
    const { host, "x-one": one, "proxy-connection": hop } = req.headers;
    let body = "";
    req.on("data", (chunk) => (body += chunk));
    req.on("end", () =>
      res.writeHead(203, { "x-two": ["a", "b"] }).end([req.method, req.url, host, one, hop, body].join(" ")),
    );
  });
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const socket = connect(cloud.port, "127.0.0.1");
  const answer = await say(
    socket,
    `POST http://127.0.0.1:${port}/a?b HTTP/1.1\r\nHost: wrong\r\nX-One: 1\r\nProxy-Connection: close\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 203 .*x-two: a\r\nx-two: b/is);
  expect(answer).toContain(`POST /a?b 127.0.0.1:${port} 1  body`);
  other.close();
  const gone = connect(cloud.port, "127.0.0.1");
  expect(await say(gone, get("x", `http://127.0.0.1:${port}/`))).toMatch(/^HTTP\/1.1 502 .*cannot be reached/s);
  const here = connect(cloud.port, "127.0.0.1");
  expect(await say(here, get("x", `http://hello.local.aloft${list}`))).toMatch(/^HTTP\/1.1 200/);
});

test("proxy: offline refuses every other host, in words; a host that may pass is not ended here", async () => {
  await using alone = await startCloud({ ...quiet, proxy: { offline: true } });
  const refused = await dial("example.com:443", alone.port);
  expect(refused).toMatchObject({
    status: 403,
    text: expect.stringMatching(/offline.*example\.com.*--pass example\.com/),
  });
  const absolute = connect(alone.port, "127.0.0.1");
  expect(await say(absolute, get("x", "http://example.com/"))).toMatch(/^HTTP\/1.1 403 .*--offline/s);
  expect((await dial("secretmanager.googleapis.com:443", alone.port)).status).toBe(200);
  const pass = ["generativelanguage.googleapis.com", "*.run.app"];
  expect(fateOf("generativelanguage.googleapis.com", { offline: true, pass })).toBe("tunnel");
  expect(fateOf("x.a.run.app", { pass })).toBe("tunnel");
  expect(fateOf("run.googleapis.com", { pass })).toBe("here");
});

test("proxy: a stalled handshake, garbage in TLS and a closing cloud leave nothing behind", async () => {
  const short = await startCloud(quiet);
  const stalled = (await dial("hello.local.aloft:443", short.port)).socket;
  stalled.write(Buffer.from([0x16, 3, 1, 2, 0]));
  const garbage = (await dial("hello.local.aloft:443", short.port)).socket;
  garbage.write(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5]), Buffer.alloc(300, 7)]));
  const ends = [stalled, garbage].map(
    (socket) =>
      new Promise((resolve) =>
        socket
          .resume()
          .on("error", () => undefined)
          .on("close", resolve),
      ),
  );
  await ends[1];
  await short.close();
  await ends[0];
});

test("proxy: the CA is made once in the state folder, its key 0600, with a bundle beside it", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-ca-"));
  const first = await startCloud({ ...quiet, dir });
  const made = await first.ca();
  await first.close();
  expect(statSync(join(dir, "ca/key.pem")).mode & 0o777).toBe(0o600);
  expect(readFileSync(made.files?.certificate ?? "", "utf8")).toBe(made.certificate);
  const bundle = readFileSync(made.files?.bundle ?? "", "utf8");
  expect(bundle.split("BEGIN CERTIFICATE").length).toBeGreaterThan(20);
  expect(bundle).toContain(made.certificate);
  await using again = await startCloud({ ...quiet, dir });
  expect(await again.ca()).toEqual(made);
  rmSync(dir, { recursive: true });
});
