import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket, Server as TlsServer } from "node:tls";
import { Failure } from "@aloft/kit/failure";
import { http } from "../node-http.ts";
import { isLocalPeer } from "./guard.ts";
import { look, type Protocol } from "./look.ts";

export interface PortHandlers {
  readonly request: (req: IncomingMessage, res: ServerResponse) => void;
  /** Whether an `Upgrade` is taken; otherwise the request gets an ordinary answer. */
  readonly upgrades: (req: IncomingMessage) => boolean;
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Takes a connection that speaks HTTP/2. */
  readonly http2: (socket: Socket) => void;
  /** What ends TLS, made when the first handshake comes; it tells `opened` of each connection. */
  readonly tls: (opened: (socket: TLSSocket) => void) => Promise<TlsServer>;
  /** `CONNECT host:port`; `again` is what a connection that ends here goes on with. */
  readonly connect: (req: IncomingMessage, socket: Socket, head: Buffer, again: (socket: Socket) => void) => void;
}

export interface Port {
  readonly port: number;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * One loopback port for HTTP/1.1 and HTTP/2, in the clear, in TLS and behind CONNECT, told apart by the first bytes.
 * Throws PORT_IN_USE.
 */
export async function openPort(wanted: number, handlers: PortHandlers): Promise<Port> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  };
  const serve = (socket: Socket, protocol: Protocol): void => {
    if (protocol === "http1") h1.emit("connection", socket);
    else if (protocol === "http2") handlers.http2(socket);
    else {
      // A client that leaves in mid-handshake waits for no answer; from then on it may.
      socket.allowHalfOpen = false;
      tls().then(
        (each) => void (socket.destroyed || each.emit("connection", socket)),
        () => socket.destroy(),
      );
    }
  };
  const take = (socket: Socket): void => look(socket, (protocol) => serve(socket, protocol));
  const h1 = http1(handlers, take);
  const tls = (): Promise<TlsServer> =>
    handlers.tls((socket) => {
      track(socket);
      socket.allowHalfOpen = true;
      if (socket.alpnProtocol === "h2") serve(socket, "http2");
      else if (socket.alpnProtocol === "http/1.1") serve(socket, "http1");
      else take(socket);
    });
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (!isLocalPeer(socket.remoteAddress)) {
      socket.destroy();
      return;
    }
    track(socket);
    take(socket);
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

/** What is no HTTP, or too long a head of it, is told so in the one form that every client here reads. */
const malformed = ((): string => {
  const error = { code: 400, message: "The client sent a malformed or illegal request.", status: "INVALID_ARGUMENT" };
  const body = `${JSON.stringify({ error }, null, 2)}\n`;
  const type = "Content-Type: application/json; charset=UTF-8";
  return `HTTP/1.1 400 Bad Request\r\n${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
})();

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

function http1(handlers: PortHandlers, again: (socket: Socket) => void): Server {
  const h1 = http.createServer(
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
  h1.on("connect", (req: IncomingMessage, socket: Duplex, head: Buffer) =>
    handlers.connect(req, socket as Socket, head, again),
  );
  h1.on("clientError", (_error: Error, socket: Duplex) => {
    if (!socket.writable) return void socket.destroy();
    socket.end(malformed);
  });
  // A server that never listens tracks no connections and has no time limits until it is told so.
  h1.emit("listening");
  return h1;
}
