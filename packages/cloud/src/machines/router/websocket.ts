import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import type { Instance } from "../instances/instance.ts";
import { containerAddress } from "../instances/probes.ts";
import type { Page } from "./pages.ts";

/** Hands an upgraded connection (WebSocket) to the program. Resolves with the status when either side has ended it. */
export function exchangeUpgrade(options: {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly path: string;
  readonly instance: Instance;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { req, socket, head, path, instance, headers, signal } = options;
  return new Promise((resolve, reject) => {
    const upstream = request({
      host: containerAddress,
      port: instance.port(),
      method: req.method ?? "GET",
      path,
      headers: { ...headers },
      agent: false,
      setHost: false,
    });
    const stop = (): void => {
      socket.destroy();
      upstream.destroy();
    };
    signal.addEventListener("abort", stop, { once: true });
    socket.on("error", stop);
    upstream.once("error", (error) => {
      reject(error);
      stop();
    });
    upstream.once("upgrade", (answer, inner: Duplex, innerHead: Buffer) => {
      socket.write(headOf(answer));
      if (innerHead.length > 0) socket.write(innerHead);
      if (head.length > 0) inner.write(head);
      inner.on("error", () => socket.destroy());
      inner.once("close", () => {
        signal.removeEventListener("abort", stop);
        socket.destroy();
        resolve(answer.statusCode ?? 101);
      });
      socket.once("close", () => inner.destroy());
      // Either side's end is the end of both: a server's sockets stay half open otherwise.
      socket.once("end", () => inner.end(() => inner.destroy()));
      inner.pipe(socket);
      socket.pipe(inner, { end: false });
    });
    upstream.once("response", (answer) => {
      socket.write(headOf(answer));
      answer.pipe(socket);
      answer.once("close", () => resolve(answer.statusCode ?? 502));
    });
    upstream.end();
  });
}

/** Answers an upgrade with a page. */
export function refuseUpgrade(socket: Duplex, page: Page): void {
  const headers = { ...page.headers, "content-length": String(Buffer.byteLength(page.body)), connection: "close" };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${page.status} Refused\r\n${lines.join("")}\r\n${page.body}`);
}

function headOf(answer: IncomingMessage): string {
  const lines: string[] = [];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    if (answer.rawHeaders[at]?.toLowerCase() !== "transfer-encoding")
      lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}\r\n`);
  }
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join("")}\r\n`;
}
