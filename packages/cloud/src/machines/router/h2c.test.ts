import { connect, createServer, type IncomingHttpHeaders } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serviceHost, serviceName, until, type World, world } from "../testing/world.ts";

let w: World;
beforeAll(async () => {
  w = await world();
});
afterAll(() => w[Symbol.asyncDispose]());

const program = `
const http2 = require("node:http2");
const server = http2.createServer();
server.on("stream", (stream, headers) => {
  if (headers[":path"] === "/grpc.health.v1.Health/Check") {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    return stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  }
  stream.respond({ ":status": 200, "x-te": headers.te ?? "", "x-authority": headers[":authority"] }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "7" }));
  stream.pipe(stream);
});
server.listen(Number(process.env.PORT));
`;

describe("a container that speaks HTTP/2 in the clear", () => {
  test("it is probed by gRPC health, and gets HTTP/1 and HTTP/2 requests with their trailers", async () => {
    const spec = w.spec("h2c", {
      command: ["node", "-e", program],
      port: { name: "h2c", containerPort: 8080 },
      startupProbe: {
        kind: "grpc",
        port: 8080,
        path: "svc",
        initialDelayS: 0,
        timeoutS: 1,
        periodS: 10,
        failureThreshold: 3,
      },
    });
    expect((await w.machines.start(spec)).failure?.message).toBeUndefined();
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const url = await until(() => w.machines.localUrl(serviceName));
    const plain = await fetch(`${url}/x`, { method: "POST", body: "over HTTP/1" });
    expect([plain.status, await plain.text()]).toEqual([200, "over HTTP/1"]);

    const door = createServer(
      (req, res) => void w.machines.surface.handle(req as never, res as never, { host: serviceHost, path: req.url }),
    );
    await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
    const session = connect(`http://127.0.0.1:${(door.address() as { port: number }).port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": "/svc/Method",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const seen: IncomingHttpHeaders[] = [];
    stream.on("response", (headers) => seen.push(headers));
    stream.on("trailers", (trailers) => seen.push(trailers));
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
    });
    stream.end("over HTTP/2");
    await new Promise((resolve) => stream.once("close", resolve));
    session.destroy();
    door.close();
    expect([text, seen[0]?.[":status"], seen[0]?.["x-te"], seen[0]?.["x-authority"], seen[1]?.["grpc-status"]]).toEqual(
      ["over HTTP/2", 200, "trailers", serviceHost, "7"],
    );
  });
});
