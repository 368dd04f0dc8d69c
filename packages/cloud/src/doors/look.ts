import type { Socket } from "node:net";

/** What speaks on a connection, by its first bytes. */
export type Protocol = "http1" | "http2" | "tls";

const lookTimeoutMs = 30_000;

/** `PRI * HTTP/2.0` is HTTP/2; three bytes tell it from PUT, POST, PATCH and PROPFIND. 0x16 begins a TLS handshake. */
function decide(bytes: Buffer): Protocol | undefined {
  if (bytes[0] === 0x16) return "tls";
  const start = bytes.toString("latin1", 0, 3);
  if (start === "PRI") return "http2";
  return "PRI".startsWith(start) ? undefined : "http1";
}

/** Reads until the protocol is known, puts the bytes back, and hands the socket on as if it were fresh. */
export function look(socket: Socket, then: (protocol: Protocol) => void): void {
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
      const protocol = decide(held);
      if (protocol === undefined) continue;
      done();
      socket.unshift(held);
      then(protocol);
      return;
    }
  };
  socket.on("readable", onReadable).on("end", onEnd).on("close", done);
}
