import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { hello } from "../services/hello/index.ts";
import { sts } from "../services/sts/index.ts";
import { raw } from "../wire/wire.test-support.ts";

let cloud: Cloud;
const log: string[] = [];
beforeAll(async () => {
  cloud = await startCloud({ services: [hello, sts], log: (line) => log.push(line) });
});
afterAll(() => cloud.close());

/** What comes back for bytes after which the client has no more to say, until the other side ends; rejects when it never does. */
function said(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: cloud.port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    const timer = setTimeout(() => {
      reject(new Error("the connection did not end"));
      socket.destroy();
    }, 4000);
    const done = (): void => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", done);
    socket.on("close", done);
    socket.on("end", () => socket.destroy());
    socket.end(bytes);
  });
}

test("ends: what is no HTTP, and a head that is too long, get an error in Google's form", async () => {
  const giant = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Giant: ${"g".repeat(100_000)}\r\n\r\n`;
  for (const bytes of [giant, "GET / HTTP/1.1\r\nno header\r\n\r\n"]) {
    const [head = "", body = ""] = (await said(bytes)).split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 400 .*\r\nContent-Type: application\/json/);
    expect(JSON.parse(body)).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
  }
});

test("ends: an HTTP/2 connection whose client has no more to say is ended", async () => {
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await said(Buffer.concat([preface, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
});

test("ends: gRPC to a host of Google's whose surface speaks none is answered in gRPC", async () => {
  const session = connectHttp2(cloud.url);
  const answer = await raw(session, {
    ":path": "/google.no.Such/Method",
    ":authority": "sts.googleapis.com",
    "content-type": "application/grpc",
    te: "trailers",
  });
  session.destroy();
  expect(answer.trailers["grpc-status"]).toBe("12");
});

test("ends: a client that leaves in the middle of a body is no bug", async () => {
  const socket = connect({ port: cloud.port, host: "127.0.0.1" });
  const host = `Host: 127.0.0.1\r\nAuthorization: Bearer ${cloud.token()}`;
  socket.write(
    `POST /hello.local.aloft/v1/projects/demo/greetings HTTP/1.1\r\n${host}\r\nContent-Length: 100\r\n\r\n{`,
  );
  await sleep(50);
  socket.resetAndDestroy();
  await sleep(50);
  expect(log.filter((line) => line.includes("bug"))).toEqual([]);
});
