import type { Socket } from "node:net";
import { Connection, type ConnectionHandlers } from "./connection.ts";
import { headOf, type RequestHead } from "./head.ts";
import { HeaderDecoder } from "./hpack.ts";
import { flags, frameHeader, greeting, H2Error, preface, types } from "./protocol.ts";

export interface GateHandlers extends ConnectionHandlers {
  /** Whether a connection whose first request this is is for our own HTTP/2. */
  readonly wants: (head: RequestHead) => boolean;
  /** Takes the connection as if it were fresh. */
  readonly others: (socket: Socket) => void;
}

const mostHeld = 1 << 20;
const lookTimeoutMs = 60_000;

/**
 * Decides by a connection's first request who serves it: gRPC has an HTTP/2 of its own here, the rest is Node's. A
 * client that waits for the server's settings gets them; the answer to them is then kept from whoever has the rest,
 * since it never sent any.
 */
export function openGate(socket: Socket, handlers: GateHandlers): void {
  let held: Buffer = Buffer.alloc(0);
  let greeted = false;
  const timer = setTimeout(() => socket.destroy(), lookTimeoutMs).unref();
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("readable", onReadable).off("end", onEnd).off("close", stop);
  };
  const onEnd = (): void => {
    stop();
    socket.destroy();
  };
  const onReadable = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    }
    const seen = scan(held);
    if (seen.kind === "more" && held.length <= mostHeld) {
      if (!seen.settings || greeted) return;
      greeted = true;
      socket.write(greeting);
      return;
    }
    const ours = seen.kind === "request" && handlers.wants(seen.head);
    if (!ours && greeted && seen.ack === undefined && held.length <= mostHeld) return;
    stop();
    if (ours) {
      new Connection(socket, handlers, greeted);
      socket.unshift(held);
      socket.resume();
      return;
    }
    if (greeted && seen.ack !== undefined) {
      held = Buffer.concat([held.subarray(0, seen.ack), held.subarray(seen.ack + frameHeader)]);
    }
    socket.unshift(held);
    handlers.others(socket);
  };
  socket.on("readable", onReadable).on("end", onEnd).on("close", stop);
  onReadable();
}

type Seen =
  /** `settings`: the client has said all that it says by itself. */
  | { readonly kind: "more"; readonly settings: boolean; readonly ack?: number }
  | { readonly kind: "request"; readonly head: RequestHead; readonly ack?: number }
  | { readonly kind: "strange"; readonly ack?: number };

/** The first request of what has come, and where the answer to our settings stands. */
function scan(bytes: Buffer): Seen {
  const start = bytes.subarray(0, preface.length);
  if (!start.equals(preface.subarray(0, start.length))) return { kind: "strange" };
  let at = preface.length;
  let settings = false;
  let ack: number | undefined;
  let head: RequestHead | "strange" | undefined;
  while (bytes.length - at >= frameHeader) {
    const length = bytes.readUIntBE(at, 3);
    const end = at + frameHeader + length;
    if (end > bytes.length) break;
    const [type, flag] = [bytes[at + 3], bytes[at + 4] ?? 0];
    if (type === types.settings && (flag & flags.ack) !== 0) ack ??= at;
    else if (type === types.settings) settings = true;
    else if (type === types.headers) head ??= headIn(bytes.subarray(at + frameHeader, end), flag);
    at = end;
  }
  const where = ack === undefined ? {} : { ack };
  if (head === undefined) return { kind: "more", settings, ...where };
  return head === "strange" ? { kind: "strange", ...where } : { kind: "request", head, ...where };
}

function headIn(body: Buffer, flag: number): RequestHead | "strange" {
  if ((flag & flags.endHeaders) === 0) return "strange";
  const padding = (flag & flags.padded) === 0 ? 0 : (body[0] ?? 0);
  const start = ((flag & flags.padded) === 0 ? 0 : 1) + ((flag & flags.priority) === 0 ? 0 : 5);
  if (start + padding > body.length) return "strange";
  try {
    const head = headOf(new HeaderDecoder().decode(body.subarray(start, body.length - padding)));
    return head.bad === undefined ? head : "strange";
  } catch (thrown) {
    if (thrown instanceof H2Error) return "strange";
    throw thrown;
  }
}
