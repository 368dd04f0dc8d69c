import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Http2Server } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Failure } from "@aloft/kit/failure";
import { isLocalPeer } from "./guard.ts";

export interface PortHandlers {
  readonly request: (req: IncomingMessage, res: ServerResponse) => void;
  /** Whether an `Upgrade` is taken; otherwise the request gets an ordinary answer. */
  readonly upgrades: (req: IncomingMessage) => boolean;
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** The HTTP/2 server, made when the first HTTP/2 connection comes. */
  readonly http2: () => Promise<Http2Server>;
}

export interface Port {
  readonly port: number;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

const lookTimeoutMs = 30_000;

/** One loopback port for HTTP/1.1 and HTTP/2 in the clear, told apart by the first bytes. Throws PORT_IN_USE. */
export async function openPort(wanted: number, handlers: PortHandlers): Promise<Port> {
  const sockets = new Set<Socket>();
  const h1 = http1(handlers);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (!isLocalPeer(socket.remoteAddress)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    look(socket, (kind) => {
      if (kind === "http1") h1.emit("connection", socket);
      else if (kind === "tls") socket.destroy();
      else
        handlers.http2().then(
          (h2) => h2.emit("connection", socket),
          () => socket.destroy(),
        );
    });
  });
  await listen(server, wanted);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        h1.closeAllConnections();
        for (const socket of sockets) socket.destroy();
        h1.close();
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, wanted: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE" && cause.code !== "EACCES") return reject(cause);
      reject(
        new Failure({
          code: "PORT_IN_USE",
          what: `Port ${wanted} of 127.0.0.1 cannot be used: ${cause.code === "EACCES" ? "it needs more rights" : "another program listens on it"}.`,
          why: "The local cloud serves everything on one port.",
          next: `Stop that program (see it with: ss -ltnp 'sport = :${wanted}'), or choose another port: aloft cloud start --port ${wanted + 1}`,
          cause,
        }),
      );
    });
    server.listen(wanted, "127.0.0.1", resolve);
  });
}

function http1(handlers: PortHandlers): Server {
  const h1 = createHttpServer(
    {
      keepAliveTimeout: 60_000,
      headersTimeout: 60_000,
      requestTimeout: 0,
      maxHeaderSize: 64 * 1024,
      shouldUpgradeCallback: handlers.upgrades,
    },
    handlers.request,
  );
  (h1 as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  h1.on("upgrade", handlers.upgrade);
  h1.on("connect", (_req: IncomingMessage, socket: Duplex) => {
    const body = "The local cloud does not implement CONNECT: use the path prefix or the Host header.\n";
    socket.end(
      `HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  h1.on("clientError", (_error: Error, socket: Duplex) => {
    if (!socket.writable) return void socket.destroy();
    socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  // A server that never listens tracks no connections and has no time limits until it is told so.
  h1.emit("listening");
  return h1;
}

type Kind = "http1" | "http2" | "tls";

/** `PRI * HTTP/2.0` is HTTP/2; three bytes tell it from PUT, POST, PATCH and PROPFIND. 0x16 begins a TLS handshake. */
function decide(bytes: Buffer): Kind | undefined {
  if (bytes[0] === 0x16) return "tls";
  const start = bytes.toString("latin1", 0, 3);
  if (start === "PRI") return "http2";
  return "PRI".startsWith(start) ? undefined : "http1";
}

/** Reads until the protocol is known, puts the bytes back, and hands the socket on as if it were fresh. */
function look(socket: Socket, then: (kind: Kind) => void): void {
  let held: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), lookTimeoutMs);
  timer.unref();
  const done = (): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable).off("end", onEnd).off("close", done);
  };
  const onEnd = (): void => {
    done();
    socket.destroy();
  };
  const onReadable = (): void => {
    for (;;) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const kind = decide(held);
      if (kind === undefined) continue;
      done();
      socket.unshift(held);
      then(kind);
      return;
    }
  };
  socket.on("readable", onReadable).on("end", onEnd).on("close", done);
}
