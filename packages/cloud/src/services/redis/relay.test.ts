import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { returnPort, takePort } from "../../machines/instances/free-port.ts";
import { createRelay, type Relay } from "./relay.ts";

const host = "127.66.0.3";
let dir: string;
let port: number;
let relay: Relay;
let welcome: boolean;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "aloft-relay-"));
  port = await takePort();
  welcome = true;
  relay = createRelay({ host, port, socket: join(dir, "s"), admit: async () => welcome });
  await relay.open();
});
afterEach(() => {
  relay.close();
  returnPort(port);
  rmSync(dir, { recursive: true, force: true });
});

const behind = async (serve: (socket: Socket) => void): Promise<() => Promise<void>> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  });
  server.listen(join(dir, "s"));
  await once(server, "listening");
  return () => new Promise((resolve) => server.close(() => resolve()));
};

/** All that comes back for what was sent and ended; an error's code where the connection was cut. */
const asked = (text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    let got = "";
    socket.on("data", (data) => {
      got += data;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("close", () => resolve(got));
    socket.on("end", () => socket.end());
    socket.end(text);
  });

test("relay: what is said after the client has ended still reaches it, all of it", async () => {
  const long = "x".repeat(3_000_000);
  const close = await behind((socket) => socket.resume().on("end", () => socket.end(long)));
  expect((await asked("question")).length).toBe(long.length);
  await close();
});

test("relay: nobody behind it, a refusal, and one who cuts the connection all end the client's", async () => {
  expect(["", "ECONNRESET"]).toContain(await asked("hello"));
  const close = await behind((socket) => socket.once("data", () => socket.destroy()));
  expect(["", "ECONNRESET"]).toContain(await asked("hello"));
  welcome = false;
  expect(await asked("hello")).toBe("ECONNRESET");
  welcome = true;
  await close();
  const again = await behind((socket) => socket.pipe(socket));
  expect(await asked("back")).toBe("back");
  await again();
});

test("relay: closed it cuts what goes through and refuses; opened again it serves", async () => {
  const close = await behind((socket) =>
    socket
      .on("end", () => socket.end())
      .resume()
      .write("hi"),
  );
  const socket = connect({ host, port });
  await once(socket, "data");
  relay.close();
  await once(
    socket.on("error", () => undefined),
    "close",
  );
  expect(await asked("")).toBe("ECONNREFUSED");
  await relay.open();
  const next = connect({ host, port });
  expect(String((await once(next, "data"))[0])).toBe("hi");
  next.destroy();
  await close();
});
