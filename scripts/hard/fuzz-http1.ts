import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Http1Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Exchanged {
  readonly answers: readonly Http1Answer[];
  readonly raw: Buffer;
  /** Whether the other side ended the connection in time. */
  readonly isEnded: boolean;
}

/** Writes bytes, says that there are no more, and reads until the other side ends the connection. */
export async function exchange(
  port: number,
  chunks: readonly (Buffer | string)[],
  waitMs: number,
  dial: (port: number) => Socket = (at) => connect({ port: at, host: "127.0.0.1", allowHalfOpen: true }),
): Promise<Exchanged> {
  const socket = dial(port);
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  socket.on("error", () => undefined);
  const closed = new Promise<boolean>((resolve) => {
    socket.once("end", () => resolve(true));
    socket.once("close", () => resolve(true));
  });
  for (const chunk of chunks) {
    if (socket.destroyed) break;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain").catch(() => undefined), closed]);
  }
  socket.end();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, waitMs, false);
  });
  const isEnded = await Promise.race([closed, late]);
  clearTimeout(timer);
  socket.destroy();
  const raw = Buffer.concat(received);
  return { answers: answersIn(raw), raw, isEnded };
}

/** Whole answers at the start of the bytes. */
export function answersIn(bytes: Buffer): Http1Answer[] {
  const answers: Http1Answer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd < 0) break;
    const [first = "", ...lines] = bytes.toString("latin1", at, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
    if (Number.isNaN(status)) break;
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const start = headEnd + 4;
    if (status < 200 || status === 204 || status === 304) {
      answers.push({ status, headers, body: Buffer.alloc(0) });
      at = start;
      continue;
    }
    if (headers["transfer-encoding"] === "chunked") {
      const { body, end } = unchunked(bytes, start);
      answers.push({ status, headers, body });
      at = end;
      continue;
    }
    const length = headers["content-length"] === undefined ? bytes.length - start : Number(headers["content-length"]);
    answers.push({ status, headers, body: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return answers;
}

function unchunked(bytes: Buffer, from: number): { readonly body: Buffer; readonly end: number } {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return { body: Buffer.concat(parts), end: bytes.length };
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (!(size > 0)) return { body: Buffer.concat(parts), end: line + 4 };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}
